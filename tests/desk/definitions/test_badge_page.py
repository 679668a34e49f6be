"""The page of a badge: figures, claims, history, and activating or deactivating it."""

import pytest

from badges.models import BadgeMeta, Operation, Owner, RequestLog
from badges.services.catalogue.definitions import claim_badge
from badges.services.customers.revoke import revoke_earned
from badges.services.earning.earn import earn_badges
from badges.services.record import summaries
from tests.conftest import shown
from tests.factories import LOYALTY, BadgeMetaFactory, BadgeRevisionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


def address(badge, rest=""):
    return f"/desk/badges/{badge.pk}/{rest}"


def test_the_badge_page_shows_all_fields(desk, live_badge):
    text = desk.get(address(live_badge)).text

    for value in ["Welcome", "Live", "Direct issue", live_badge.pk, "123694", "Loyalty"]:
        assert value in text
    assert "An issued badge never expires." in text
    assert "any number of times" in text


def test_the_figures_of_the_badge_page_are_from_the_daily_counts(desk, live_badge, api_origin):
    sent = {"origin": api_origin, "badge_id": live_badge.pk, "owner": LOYALTY}
    first, *_others = earn_badges(request_id="list", customer_ids=[1, 2, 3], **sent).facts
    revoke_earned(
        origin=api_origin, badge_id=live_badge.pk, customer_id=1, earned_badge_id=first.pk
    )
    summaries.catch_up_all()

    figures = desk.get(address(live_badge)).context["figures"]

    assert {figure.label: figure.count for figure in figures} == {
        "Issued": 3,
        "Issued in 30 days": 3,
        "Revoked": 1,
    }


def test_a_claim_is_added_on_the_badge_page(desk, supervisor, live_badge):
    answer = desk.post(
        address(live_badge, "claim/"), {"owner_type": "Loyalty", "reference_id": "summer"}
    )

    assert answer["Location"] == address(live_badge)
    assert live_badge.claims.active().filter(reference_id="summer").exists()
    request = RequestLog.objects.get()
    assert (request.operation, request.user) == (Operation.CLAIM, supervisor)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"owner_type": "Journeys", "reference_id": "x"}, "owner_type"),
        ({"owner_type": "Loyalty", "reference_id": ""}, "reference_id"),
        ({"owner_type": "Loyalty", "reference_id": "a\0b"}, "reference_id"),
    ],
)
def test_the_refusal_of_an_invalid_claim_is_a_field_error(desk, live_badge, wrong, field):
    answer = desk.post(address(live_badge, "claim/"), wrong)

    assert answer.status_code == 200
    assert field in answer.context["claim_form"].errors
    assert live_badge.claims.count() == 1
    assert not RequestLog.objects.exists()


def test_an_inactive_badge_is_not_claimed(desk):
    badge = BadgeMetaFactory(inactive=True)
    assert "An inactive badge cannot be claimed" in desk.get(address(badge)).text

    answer = desk.post(
        address(badge, "claim/"), {"owner_type": "Loyalty", "reference_id": "summer"}
    )

    assert answer.status_code == 200
    assert not badge.claims.exists()
    assert RequestLog.objects.get().code == 815


def test_a_claim_is_revoked_on_the_badge_page(desk, live_badge):
    owner = {"owner_type": "Loyalty", "reference_id": "123694"}

    desk.post(address(live_badge, "unclaim/"), owner)
    second = desk.post(address(live_badge, "unclaim/"), owner, follow=True)

    assert not live_badge.claims.active().exists()
    assert "There is no such active claim." in second.text
    assert [request.code for request in RequestLog.objects.order_by("pk")] == [None, 737]


@pytest.mark.parametrize(
    ("made", "consequence", "answer"),
    [({}, "Nobody can issue it", "no"), ({"inactive": True}, "can be issued again", "yes")],
)
def test_a_switch_of_a_badge_shows_its_effects_before_confirmation(desk, made, consequence, answer):
    badge = BadgeMetaFactory(**made)
    was_active = badge.active

    assert consequence in desk.get(address(badge, "switch/")).text
    badge.refresh_from_db()
    assert (badge.active, badge.version) == (was_active, 1)
    desk.post(address(badge, "switch/"), {"active": answer} | shown(badge))

    badge.refresh_from_db()
    assert (badge.active, badge.version) == (not was_active, 2)


def test_a_repeated_switch_of_a_badge_changes_nothing(desk, live_badge):
    desk.post(address(live_badge, "switch/"), {"active": "yes"} | shown(live_badge))

    assert BadgeMeta.objects.get().version == 1


def test_the_history_of_a_badge_shows_changes_by_field(desk, live_badge, desk_origin):
    BadgeRevisionFactory(badge=live_badge)
    claim_badge(origin=desk_origin, badge_id=live_badge.pk, owner=Owner("Loyalty", "summer"))

    answer = desk.get(address(live_badge))

    (newest, changes), (first, _all) = answer.context["entries"]
    assert (newest.version, first.version) == (2, 1)
    assert [(str(each.label), each.new) for each in changes] == [
        ("Claims", ["Loyalty 123694", "Loyalty summer"])
    ]
    assert "maria" in answer.text


def test_a_long_history_of_a_badge_has_pages(desk, live_badge):
    for version in range(1, 13):
        live_badge.name = f"Name {version}"
        BadgeRevisionFactory(badge=live_badge, version=version)

    assert len(desk.get(address(live_badge)).context["entries"]) == 10
    assert len(desk.get(address(live_badge), {"p": "2"}).context["entries"]) == 2


def test_the_badge_page_escapes_texts_of_users(desk):
    text = desk.get(address(BadgeMetaFactory(name="<script>alert(1)</script>"))).text

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_the_badge_page_of_a_reader_has_no_forms(client, auditor, live_badge):
    client.force_login(auditor)

    text = client.get(address(live_badge)).text

    for offered in ["edit/", "duplicate/", "switch/", "claim/"]:
        assert address(live_badge, offered) not in text


def test_the_query_count_of_the_badge_page_is_constant(
    desk, django_assert_max_num_queries, live_badge
):
    for number in range(30):
        live_badge.claims.create(owner_type="Loyalty", reference_id=str(number))
        BadgeRevisionFactory(badge=live_badge, version=number + 1)

    with django_assert_max_num_queries(15):
        desk.get(address(live_badge))
