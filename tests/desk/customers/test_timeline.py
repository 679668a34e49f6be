"""All events of one customer and one badge, newest first, in pages."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from badges.desk.customers.timeline import Cursor, EntryKind, page_of
from badges.models import Channel, Operation, RefusedItem
from badges.services.customers.revoke import revoke_earned
from badges.services.request_log import Origin
from tests.factories import (
    FAR_AHEAD,
    LONG_AGO,
    NOW,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
OVER = LONG_AGO.replace(year=2021)


def address(badge):
    return f"/desk/customers/1001/badges/{badge.pk}/"


def kinds(badge, **given):
    page = page_of(1001, badge.pk, now=NOW, **given)
    return [entry.cursor.kind for entry in page.entries]


@pytest.fixture
def everything(enrolled_badge):
    """Create one event of each kind for customer 1001 and a badge, one day apart."""
    moments = [NOW + number * DAY for number in range(6)]
    request = {"badge": enrolled_badge, "customer_id": 1001}
    enrolment = EnrolmentFactory(
        badge=enrolled_badge,
        enrolled_at=moments[0],
        revoked_at=moments[4],
        revocation=RequestLogFactory(request_id="taken-back"),
    )
    earned = EarnedBadgeFactory(
        badge=enrolled_badge,
        earned_at=moments[1],
        revoked_at=moments[5],
        revocation=RequestLogFactory(request_id="revoked", reason="Issued in error"),
    )
    RequestLogFactory(refused=True, received_at=moments[2], request_id="refused", **request)
    call = RequestLogFactory(
        operation=Operation.EARN_BULK, badge=enrolled_badge, received_at=moments[3]
    )
    RefusedItem.objects.create(request=call, customer_id=1001, code=2001, message="Limit reached.")
    return enrolment, earned


def test_the_timeline_has_all_entries_newest_first(enrolled_badge, everything):
    assert kinds(enrolled_badge) == [
        EntryKind.REVOKED,
        EntryKind.ENROLMENT_REVOKED,
        EntryKind.REFUSED_IN_BULK,
        EntryKind.REFUSED,
        EntryKind.ISSUED,
        EntryKind.ENROLLED,
    ]


def test_the_timeline_excludes_other_customers_and_badges(enrolled_badge, everything):
    other = BadgeMetaFactory()
    EarnedBadgeFactory(badge=other)
    EarnedBadgeFactory(badge=enrolled_badge, customer_id=1002)
    RequestLogFactory(refused=True, badge=other, customer_id=1001)
    RequestLogFactory(refused=True, badge=enrolled_badge, customer_id=1002)
    RequestLogFactory(badge=enrolled_badge, customer_id=1001)  # accepted, so its fact is the entry

    assert len(kinds(enrolled_badge)) == 6


def test_the_timeline_shows_actor_channel_reason_and_request(
    desk, member_care, live_badge, desk_origin
):
    held = EarnedBadgeFactory(badge=live_badge)
    revoke_earned(
        origin=Origin(channel=Channel.MEMBERCARE, user=member_care, reason="Wrong customer"),
        badge_id=live_badge.pk,
        customer_id=1001,
        earned_badge_id=held.pk,
        request_id="taken-back",
    )
    held.refresh_from_db()

    page = desk.get(address(live_badge)).content.decode()

    link = reverse("desk:request", args=[held.revocation_id])
    for words in ("Revoked", "maria", "Staff desk", "Wrong customer", "taken-back", link):
        assert words in page
    assert f"?reissue_of={held.pk}" in page


def test_a_refusal_in_the_timeline_has_its_code_and_message(desk, enrolled_badge, everything):
    page = desk.get(address(enrolled_badge)).content.decode()

    for words in (
        "Refused: Issue a badge",
        "Code 815",
        "The badge is inactive or has not begun.",
        "Refused: Issue a badge to many",
        "Code 2001",
        "Limit reached.",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "Active"),
        ({"expires_at": OVER}, "Expired"),
        ({"revoked": True}, "Revoked"),
        ({"event_at": FAR_AHEAD - DAY, "earned_at": NOW}, "Upcoming"),
    ],
)
def test_an_issued_badge_in_the_timeline_has_its_status(desk, live_badge, changes, label):
    fact = EarnedBadgeFactory(badge=live_badge, **changes)

    page = desk.get(address(live_badge)).content.decode()

    entry = page[page.index(f'id="at-{fact.pk}"') :].split("desk-facts")[0]
    assert label in re.sub("<[^>]+>", "", entry)


def test_only_active_entries_of_the_timeline_can_be_revoked(desk, live_badge):
    standing, revoked = (
        EarnedBadgeFactory(badge=live_badge),
        EarnedBadgeFactory(badge=live_badge, revoked=True),
    )

    page = desk.get(address(live_badge)).content.decode()

    assert f'name="earned" value="{standing.pk}"' in page
    assert f'name="earned" value="{revoked.pk}"' not in page


def test_an_auditor_has_no_buttons_in_the_timeline(client, auditor, enrolled_badge, everything):
    client.force_login(auditor)

    page = client.get(address(enrolled_badge)).content.decode()

    assert "taken-back" in page
    assert not re.search(r"/desk/(issue|revoke)/|/enrol/", page)


@pytest.mark.parametrize(("role", "status"), [("MemberCare", 200), ("Auditor", 200), (None, 403)])
def test_the_timeline_requires_the_permission_to_view_issued_badges(
    client, live_badge, role, status
):
    client.force_login(UserFactory(role=role))

    assert client.get(address(live_badge)).status_code == status


@pytest.mark.parametrize("badge_id", ["f" * 24, "nonsense", "A" * 24, "%00"])
def test_an_unknown_badge_has_no_timeline(desk, badge_id):
    assert desk.get(f"/desk/customers/1001/badges/{badge_id}/").status_code == 404


def test_an_empty_timeline_has_a_message(desk, live_badge):
    assert "Nothing has happened yet" in desk.get(address(live_badge)).content.decode()


def test_a_page_of_the_timeline_has_fifty_entries(desk, live_badge):
    """The order is also stable when all entries have the same time, as those of an import."""
    facts = EarnedBadgeFactory.create_batch(60, badge=live_badge)
    for _number in range(60):
        RequestLogFactory(
            refused=True, badge=live_badge, customer_id=1001, received_at=facts[0].earned_at
        )
    seen, links = [], [""]
    for link in links:  # grows by the link of each page to the older one
        page = desk.get(address(live_badge) + link).context["page"]
        assert len(page.entries) <= 50
        seen += [str(entry.cursor) for entry in page.entries]
        links += [f"?from={page.older}"] if page.older else []
        assert len(seen) <= 120

    assert len(seen) == len(set(seen)) == 120


def test_a_link_to_an_old_entry_opens_its_page(desk, live_badge):
    old = EarnedBadgeFactory(badge=live_badge, earned_at=LONG_AGO)
    EarnedBadgeFactory.create_batch(55, badge=live_badge)

    response = desk.post("/desk/find/", {"text": old.pk}, follow=True)

    assert [entry.fact for entry in response.context["page"].entries] == [old]
    assert "Newest" in response.content.decode()


@pytest.mark.parametrize("name", ["from", "at"])
@pytest.mark.parametrize("text", ["", "x", "1.9.a", "1.1", f"{'9' * 17}.1.f", "\0", "1.4.-1"])
def test_an_invalid_cursor_of_the_timeline_is_no_error(desk, live_badge, name, text):
    EarnedBadgeFactory(badge=live_badge)

    assert desk.get(address(live_badge), {name: text}).status_code == 200


def test_a_cursor_is_decoded_as_it_is_encoded():
    cursor = Cursor(NOW + timedelta(microseconds=1), EntryKind.REVOKED, "f" * 24)

    assert Cursor.parse(str(cursor)) == cursor


def test_the_query_count_of_the_timeline_is_constant(desk, enrolled_badge, everything):
    few = _queries(desk, enrolled_badge)
    for _number in range(10):
        EnrolmentFactory(badge=enrolled_badge, revoked=True)
        EarnedBadgeFactory(badge=enrolled_badge, revoked=True)
        request = RequestLogFactory(refused=True, badge=enrolled_badge, customer_id=1001)
        RefusedItem.objects.create(request=request, customer_id=1001, code=2001, message="x")

    assert few == _queries(desk, enrolled_badge) <= 15


def _queries(client, badge):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address(badge)).context["page"].entries
    return len(queries)
