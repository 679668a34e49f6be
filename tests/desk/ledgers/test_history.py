"""The issuance history at the desk: kinds, permissions, and the content of rows."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges.audit.reading import PAGE_SIZE
from badges.desk.ledgers.history import LEDGER_PAGES
from badges.models import Channel, RequestLog
from badges.services.catalogue.definitions import BadgeDraft, update_badge
from badges.services.request_log import Origin
from tests.factories import (
    NOW,
    BadgeMetaFactory,
    BadgeRevisionFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HISTORY = "/desk/history/"
SLUGS = [kind.slug for kind in LEDGER_PAGES]
MAKE = {
    "issued": EarnedBadgeFactory,
    "enrolments": EnrolmentFactory,
    "revoked": lambda **columns: EarnedBadgeFactory(revoked=True, **columns),
    "revoked-enrolments": lambda **columns: EnrolmentFactory(revoked=True, **columns),
    "definitions": BadgeRevisionFactory,
}


@pytest.fixture
def browser(client, auditor):
    client.force_login(auditor)
    return client


def of_kind(slug):
    return f"{HISTORY}{slug}/"


def shown(answer):
    return [row["fact"].pk for row in answer.context["rows"]]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("role", ["MemberCare", "Supervisor", "Auditor", None])
def test_a_kind_of_history_requires_its_permission(client, slug, role):
    client.force_login(UserFactory(role=role))
    may = role == "Auditor" or (role and slug != "definitions")

    assert client.get(of_kind(slug)).status_code == (200 if may else 403)


def test_the_history_starts_with_issued_badges(browser):
    fact = EarnedBadgeFactory()

    answer = browser.get(HISTORY)

    assert shown(answer) == [fact.pk]
    assert [kind.slug for kind in answer.context["kinds"]] == SLUGS


def test_an_unknown_kind_of_history_is_not_found(browser):
    assert browser.get(of_kind("sold")).status_code == 404


def test_only_permitted_kinds_of_history_are_offered(client):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_enrolment"))
    client.force_login(user)
    EnrolmentFactory()

    answer = client.get(of_kind("enrolments"))

    assert [kind.slug for kind in answer.context["kinds"]] == ["enrolments", "revoked-enrolments"]
    assert len(answer.context["rows"]) == 1
    assert "/desk/requests/" not in answer.text
    assert "/desk/customers/" not in answer.text


@pytest.mark.parametrize("slug", SLUGS)
def test_an_empty_history_has_a_message(browser, slug):
    kind = next(kind for kind in LEDGER_PAGES if kind.slug == slug)

    assert str(kind.nothing) in browser.get(of_kind(slug)).text


def test_a_row_of_the_history_has_actor_customer_badge_and_channel(browser, member_care):
    badge = BadgeMetaFactory(name="Welcome")
    request = RequestLogFactory(
        user=member_care, channel=Channel.MEMBERCARE, reason="Called in", request_id="desk-1"
    )
    fact = EarnedBadgeFactory(badge=badge, customer_id=1001, request=request)

    page = browser.get(HISTORY).text

    for words in (
        *("Welcome", fact.pk, "1001", "Active", "maria", "Staff desk", "Called in"),
        *("Loyalty", "123694", f'href="/desk/requests/{request.pk}/"', f"#at-{fact.pk}"),
    ):
        assert words in page


def test_a_revocation_in_the_history_has_its_actor(browser, member_care):
    fact = EarnedBadgeFactory(
        revoked_at=NOW,
        revocation=RequestLogFactory(user=member_care, reason="Fraud", request_id="back"),
    )

    page = browser.get(of_kind("revoked")).text

    for words in (fact.pk, "Revoked", "maria", "Fraud", "back"):
        assert words in page
    assert f'href="/desk/requests/{fact.revocation_id}/"' in page


def test_a_definition_in_the_history_shows_changes_by_field(browser, live_badge, member_care):
    BadgeRevisionFactory(badge=live_badge)
    other = BadgeRevisionFactory()
    update_badge(
        origin=Origin(channel=Channel.MEMBERCARE, user=member_care),
        badge_id=live_badge.pk,
        draft=BadgeDraft(values={"name": "Hello"}, owners=["Loyalty"], limits=[]),
    )

    answer = browser.get(of_kind("definitions"))

    newest, *first = answer.context["rows"]
    change = newest["changes"][0]
    assert (str(change.label), change.old, change.new) == ("Name", ["Welcome"], ["Hello"])
    assert [row["revision"].badge for row in first] == [other.badge, live_badge]
    assert "maria" in answer.text
    assert "As it was created" in answer.text


@pytest.mark.parametrize("slug", SLUGS)
def test_filters_apply_to_every_kind_of_history(unguarded, browser, slug, member_care):
    book = next(kind.book for kind in LEDGER_PAGES if kind.slug == slug)
    badge = BadgeMetaFactory(name="Meant")
    meant = MAKE[slug](badge=badge)
    MAKE[slug]()
    request = getattr(meant, book.cause)
    RequestLog.objects.filter(pk=request.pk).update(
        user=member_care, channel=Channel.MEMBERCARE, operation=book.operations[0]
    )
    by = {"actor": f"user:{member_care.pk}", "channel": "MEMBERCARE"}

    for query in ({"badge": "meant"}, by, {"number": request.pk}, by | {"badge": badge.pk}):
        rows = browser.get(of_kind(slug), query).context["rows"]
        assert [(row.get("fact") or row["revision"]).pk for row in rows] == [meant.pk]


def test_facts_are_filtered_by_their_own_columns(browser):
    standing = EarnedBadgeFactory(owner_type="Journeys")
    revoked = EarnedBadgeFactory(revoked=True, customer_id=7)

    assert shown(browser.get(HISTORY, {"revoked": "yes"})) == [revoked.pk]
    assert shown(browser.get(HISTORY, {"revoked": "no"})) == [standing.pk]
    assert shown(browser.get(HISTORY, {"owner_type": "Journeys"})) == [standing.pk]
    assert shown(browser.get(HISTORY, {"customer_id": "7", "revoked": "yes"})) == [revoked.pk]


@pytest.mark.parametrize("query", [{}, {"badge": "Meant"}, {"channel": "COMMAND"}])
def test_pages_of_the_history_are_contiguous_in_both_directions(browser, query):
    badge = BadgeMetaFactory(name="Meant")
    request = RequestLogFactory(badge=badge)
    facts = EarnedBadgeFactory.create_batch(2 * PAGE_SIZE + 1, badge=badge, request=request)

    pages, address = [], HISTORY
    for _page in range(3):
        pages.append(browser.get(address, query))
        address = f"{HISTORY}issued/?{pages[-1].context['page'].older}"
        query = {}
    back = browser.get(f"{HISTORY}issued/?{pages[-1].context['page'].newer}")

    assert sum(len(page.context["rows"]) for page in pages) == len(facts)
    assert {pk for page in pages for pk in shown(page)} == {fact.pk for fact in facts}
    assert pages[-1].context["page"].older == ""
    assert shown(back) == shown(pages[1])


@pytest.mark.parametrize("place", ["x", "1", "1.x", "²", "9" * 30, f"{'9' * 18}.{'a' * 24}"])
@pytest.mark.parametrize("query", [{}, {"badge": "Meant"}])
@pytest.mark.parametrize("slug", SLUGS)
def test_an_invalid_cursor_of_the_history_is_no_error(browser, slug, query, place):
    MAKE[slug](badge=BadgeMetaFactory(name="Meant"))

    for name in ("older", "newer"):
        answer = browser.get(of_kind(slug), query | {name: place})
        assert answer.status_code == 200
        assert len(answer.context["rows"]) == 1


@pytest.mark.parametrize("name", ["badge", "actor", "channel", "since", "number"])
@pytest.mark.parametrize("slug", SLUGS)
def test_an_invalid_filter_of_the_history_is_a_field_error(browser, slug, name):
    MAKE[slug]()

    answer = browser.get(of_kind(slug), {name: "nonsense"})

    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [name]
    assert answer.context["rows"] == []


@pytest.mark.parametrize("slug", SLUGS)
def test_the_query_count_of_the_history_is_constant_without_counting(browser, slug):
    queries = []
    for count in (1, 8):
        for _number in range(count):
            row = MAKE[slug](badge=BadgeMetaFactory())
        everything = {
            "badge": row.badge_id,
            "channel": "COMMAND",
            "since": "2020-01-01",
            "until": "2030-01-01",
        }
        for query in ({}, everything):
            with CaptureQueriesContext(connection) as asked:
                browser.get(of_kind(slug), query)
            queries.append(len(asked))
            sql = [each["sql"].upper() for each in asked]
            assert not [each for each in sql if "COUNT(" in each or "OFFSET" in each]

    assert queries[0] == queries[2] <= 15
    assert queries[1] == queries[3] <= 15
