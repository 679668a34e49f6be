"""The effects of requests: each kind with each filter, in order, on every access path."""

from datetime import timedelta

import pytest
from django.utils import timezone

from badges.audit import history
from badges.audit.filters import Filter
from badges.audit.reading import BATCHES
from badges.models import Channel, EarnedBadge, Enrolment, Operation
from badges.services.customers.enrol import enrol_customers
from badges.services.customers.imports import ImportedBadge, import_earned
from badges.services.customers.revoke import EnrolmentToRevoke, revoke_enrolments, revoke_many
from badges.services.earning.earn import earn_badges
from badges.services.request_log import Origin
from tests.audit.paging import all_keys
from tests.factories import (
    FAR_AHEAD,
    NOW,
    BadgeMetaFactory,
    BadgeRevisionFactory,
    EarnedBadgeFactory,
    RequestLogFactory,
    refused_requests,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ledger(api_origin, desk_origin, live_badge, enrolled_badge, earn):
    """Make four requests, one minute apart: an issue, a list at the desk, an import, enrolments."""
    earn(live_badge, customer_id=1, request_id="alone")
    other = BadgeMetaFactory(name="Other", claimed=True)
    call = {"origin": desk_origin, "badge_id": live_badge.pk, "now": NOW + MINUTE}
    earn_badges(customer_ids=[1, 2], request_id="list", **call)
    items = [ImportedBadge(badge.pk, 3, NOW, FAR_AHEAD) for badge in (live_badge, other)]
    import_earned(origin=api_origin, request_id="import", items=items, now=NOW + 2 * MINUTE)
    call = {"origin": desk_origin, "badge_id": enrolled_badge.pk, "now": NOW + 3 * MINUTE}
    enrol_customers(customer_ids=[1, 2], owner=None, request_id="enrol", **call)


def rows_of(book, **filters):
    found = book.read(Filter(**filters))
    facts = book.model.objects.select_related("request").in_bulk(found.pks)
    return [(facts[pk].request.request_id, facts[pk].customer_id) for pk in found.pks]


def facts_in(book, **filters):
    """Return the requests and customers of the rows as text; sort the customers of each request."""
    found = rows_of(book, **filters)
    requests = list(dict.fromkeys(request for request, _customer in found))
    return " ".join(
        f"{request}:{','.join(str(who) for each, who in sorted(found) if each == request)}"
        for request in requests
    )


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "import:3,3 list:1,2 alone:1"),
        ({"badge_id": "Welcome"}, "import:3 list:1,2 alone:1"),
        ({"badge_id": "Other"}, "import:3"),
        ({"customer_id": 1}, "list:1 alone:1"),
        ({"channel": "API"}, "import:3,3 alone:1"),
        ({"channel": "MEMBERCARE"}, "list:1,2"),
        ({"operation": "IMPORT_EARNED"}, "import:3,3"),
        ({"operation": "ENROL_BULK"}, ""),
        ({"user_id": "maria"}, "list:1,2"),
        ({"integrator_id": "engine"}, "import:3,3 alone:1"),
        ({"request_id": "list"}, "list:1,2"),
        ({"number": "list"}, "list:1,2"),
        ({"owner_type": "Historical_Import"}, "import:3,3"),
        ({"revoked": True}, ""),
        ({"revoked": False}, "import:3,3 list:1,2 alone:1"),
        ({"since": NOW + MINUTE}, "import:3,3 list:1,2"),
        ({"until": NOW + MINUTE}, "alone:1"),
        ({"since": NOW + MINUTE, "until": NOW + 2 * MINUTE}, "list:1,2"),
        ({"until": NOW}, ""),
        ({"channel": "API", "badge_id": "Other"}, "import:3"),
        ({"channel": "API", "customer_id": 1}, "alone:1"),
        ({"channel": "API", "since": NOW + MINUTE}, "import:3,3"),
        ({"badge_id": "Welcome", "until": NOW + 2 * MINUTE}, "list:1,2 alone:1"),
        ({"badge_id": "Welcome", "customer_id": 1}, "list:1 alone:1"),
        ({"badge_id": "Welcome", "owner_type": "Loyalty"}, "alone:1"),
        ({"user_id": "maria", "customer_id": 2, "badge_id": "Welcome"}, "list:2"),
    ],
)
def test_a_filter_finds_issued_badges(ledger, integrator, member_care, filters, found):
    list_pk = EarnedBadge.objects.filter(request__request_id="list").values_list("request")[0][0]
    badges = dict(EarnedBadge.objects.values_list("badge__name", "badge"))
    known = {"maria": member_care.pk, "engine": integrator.pk} | badges
    values = {
        name: known.get(value, value) for name, value in filters.items() if name != "request_id"
    }
    if "number" in filters:
        values["number"] = list_pk

    assert facts_in(history.ISSUED, **filters | values) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [({}, "enrol:1,2"), ({"customer_id": 2}, "enrol:2"), ({"channel": "API"}, "")],
)
def test_a_filter_finds_enrolments(ledger, filters, found):
    assert facts_in(history.ENROLMENTS, **filters) == found


def test_revocations_are_listed_by_datetime(ledger, desk_origin, enrolled_badge):
    first, second = EarnedBadge.objects.filter(customer_id=1).order_by("-earned_at")
    for number, fact in enumerate([first, second]):
        call = {"origin": desk_origin, "request_id": f"back-{number}"}
        moment = timezone.now() + number * MINUTE
        revoke_many(earned_badge_ids=[fact.pk], now=moment, **call)
    revoke_enrolments(
        origin=desk_origin,
        badge_id=enrolled_badge.pk,
        enrolments=[EnrolmentToRevoke(customer_id=2)],
    )

    for filters in ({}, {"badge_id": first.badge_id}, {"customer_id": 1}, {"user_id": None}):
        assert history.REVOKED.read(Filter(**filters)).pks == [second.pk, first.pk]
    assert history.REVOKED.read(Filter(request_id="back-0")).pks == [first.pk]
    assert history.REVOKED.read(Filter(channel="API")).pks == []
    (enrolment,) = history.REVOKED_ENROLMENTS.read(Filter()).pks
    assert Enrolment.objects.get(pk=enrolment).customer_id == 2


def test_definitions_are_listed_across_badges(member_care):
    rows = [BadgeRevisionFactory() for _number in range(3)]
    mine = BadgeRevisionFactory(
        request__user=member_care, request__received_at=NOW + MINUTE, request__request_id=None
    )

    def found(**filters):
        return history.DEFINITIONS.read(Filter(**filters)).pks

    assert found() == [mine.pk, *(row.pk for row in rows[::-1])]
    assert found(badge_id=rows[1].badge_id) == [rows[1].pk]
    assert found(user_id=member_care.pk) == [mine.pk]
    assert found(since=NOW + MINUTE) == [mine.pk]


def keys_of(filters, *, size=2, newer=False, cursor=None):
    """Return the keys of all pages in order."""

    def read(cursor):
        return history.ISSUED.read(filters, size=size, newer=newer, cursor=cursor)

    return all_keys(read, cursor=cursor)


@pytest.mark.parametrize(
    "filters",
    [{}, {"channel": "COMMAND"}, {"badge_id": True}, {"badge_id": True, "channel": "COMMAND"}],
)
def test_every_fact_is_on_one_page_in_both_directions(filters):
    """Lists and single issues have the same second, and a page has two rows."""
    badge = BadgeMetaFactory()
    for count in (1, 3, 1, 2):
        request = RequestLogFactory(badge=badge, operation=Operation.EARN_BULK)
        EarnedBadgeFactory.create_batch(count, badge=badge, request=request)
    EarnedBadgeFactory(request=RequestLogFactory(channel=Channel.API))
    filters = Filter(**filters | ({"badge_id": badge.pk} if "badge_id" in filters else {}))
    expected = 7 if filters.badge_id or filters.channel else 8

    older = keys_of(filters)
    newer = keys_of(filters, newer=True, cursor=_before_all(filters))

    assert len(older) == expected
    assert newer == older[::-1]


def _before_all(filters):
    first = history.ISSUED.key_for(filters)[0]
    return (NOW.replace(year=2000) if first == "earned_at" else 0, 0, "0" * 24)


def test_a_search_through_requests_is_bounded_and_continues(member_care):
    """The user was refused often since, so the one issued badge is found after several pages."""
    request = RequestLogFactory(user=member_care, channel=Channel.MEMBERCARE)
    fact = EarnedBadgeFactory(request=request)
    refused_requests(sum(BATCHES), user=member_care, channel=Channel.MEMBERCARE)
    filters = Filter(user_id=member_care.pk)

    found = history.ISSUED.read(filters)
    rest = history.ISSUED.read(filters, cursor=found.stopped_at)

    assert (found.keys, found.more) == ([], True)
    assert (rest.pks, rest.more) == ([fact.pk], False)


def test_a_search_through_several_batches_of_requests_finds_all(member_care, live_badge):
    """Lists without an issued badge precede the request that issued one."""
    origin = Origin(channel=Channel.MEMBERCARE, user=member_care)
    oldest = EarnedBadgeFactory(request=RequestLogFactory(user=origin.user))
    for _number in range(history.REQUEST_BATCH_SIZE):
        RequestLogFactory(user=origin.user, operation=Operation.EARN_BULK)

    assert [key[-1] for key in keys_of(Filter(user_id=member_care.pk))] == [oldest.pk]


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "earnedbadge_by_request"),
        ({"badge_id": "a" * 24}, "earned_by_badge"),
        ({"customer_id": 7}, "earned_by_customer"),
    ],
)
def test_an_index_has_the_facts(needs_postgresql, filters, index):
    from django.db import connection

    search = history.ISSUED.search(Filter(**filters))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = search.rows.order_by(*(f"-{column}" for column in search.key))[:51].explain()

    assert index in plan
