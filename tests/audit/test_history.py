"""What requests brought about: each kind by each filter, in order, whatever way it is read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from badges.audit import history
from badges.audit.filters import Filter
from badges.audit.reading import BATCHES
from badges.models import Channel, EarnedBadge, Enrolment, Operation
from badges.services.earn import earn_badges
from badges.services.enrol import enrol_customers
from badges.services.imports import EarnedBefore, import_earned
from badges.services.requests import Origin
from badges.services.revoke import EnrolmentToRevoke, revoke_enrolments, revoke_many
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
    """Four requests, a minute apart: an issue, a list of the desk, an import, enrolments."""
    earn(live_badge, customer_id=1, request_id="alone")
    other = BadgeMetaFactory(name="Other", claimed=True)
    call = {"origin": desk_origin, "badge_id": live_badge.pk, "now": NOW + MINUTE}
    earn_badges(customer_ids=[1, 2], request_id="list", **call)
    items = [EarnedBefore(badge.pk, 3, NOW, FAR_AHEAD) for badge in (live_badge, other)]
    import_earned(origin=api_origin, request_id="import", items=items, now=NOW + 2 * MINUTE)
    call = {"origin": desk_origin, "badge_id": enrolled_badge.pk, "now": NOW + 3 * MINUTE}
    enrol_customers(customer_ids=[1, 2], owner=None, request_id="enrol", **call)


def rows_of(book, **asked):
    found = book.read(Filter(**asked))
    facts = book.model.objects.select_related("request").in_bulk(found.pks)
    return [(facts[pk].request.request_id, facts[pk].customer_id) for pk in found.pks]


def told(book, **asked):
    """Return the requests and customers of the rows, those of one request by customer."""
    found = rows_of(book, **asked)
    requests = list(dict.fromkeys(request for request, _customer in found))
    return " ".join(
        f"{request}:{','.join(str(who) for each, who in sorted(found) if each == request)}"
        for request in requests
    )


@pytest.mark.parametrize(
    ("asked", "found"),
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
def test_a_filter_finds_issued_badges(ledger, integrator, member_care, asked, found):
    list_pk = EarnedBadge.objects.filter(request__request_id="list").values_list("request")[0][0]
    badges = dict(EarnedBadge.objects.values_list("badge__name", "badge"))
    known = {"maria": member_care.pk, "engine": integrator.pk} | badges
    values = {
        name: known.get(value, value) for name, value in asked.items() if name != "request_id"
    }
    if "number" in asked:
        values["number"] = list_pk

    assert told(history.ISSUED, **asked | values) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [({}, "enrol:1,2"), ({"customer_id": 2}, "enrol:2"), ({"channel": "API"}, "")],
)
def test_a_filter_finds_enrolments(ledger, asked, found):
    assert told(history.ENROLMENTS, **asked) == found


def test_revocations_are_listed_by_when_they_happened(ledger, desk_origin, enrolled_badge):
    first, second = EarnedBadge.objects.filter(customer_id=1).order_by("-earned_at")
    for number, fact in enumerate([first, second]):
        call = {"origin": desk_origin, "request_id": f"back-{number}"}
        moment = timezone.now() + number * MINUTE
        revoke_many(earned_badge_ids=[fact.pk], now=moment, **call)
    revoke_enrolments(
        origin=desk_origin, badge_id=enrolled_badge.pk, wanted=[EnrolmentToRevoke(customer_id=2)]
    )

    for asked in ({}, {"badge_id": first.badge_id}, {"customer_id": 1}, {"user_id": None}):
        assert history.REVOKED.read(Filter(**asked)).pks == [second.pk, first.pk]
    assert history.REVOKED.read(Filter(request_id="back-0")).pks == [first.pk]
    assert history.REVOKED.read(Filter(channel="API")).pks == []
    (enrolment,) = history.REVOKED_ENROLMENTS.read(Filter()).pks
    assert Enrolment.objects.get(pk=enrolment).customer_id == 2


def test_definitions_are_listed_across_badges(member_care):
    rows = [BadgeRevisionFactory() for _number in range(3)]
    mine = BadgeRevisionFactory(
        request__user=member_care, request__received_at=NOW + MINUTE, request__request_id=None
    )

    def found(**asked):
        return history.DEFINITIONS.read(Filter(**asked)).pks

    assert found() == [mine.pk, *(row.pk for row in rows[::-1])]
    assert found(badge_id=rows[1].badge_id) == [rows[1].pk]
    assert found(user_id=member_care.pk) == [mine.pk]
    assert found(since=NOW + MINUTE) == [mine.pk]


def walked(asked, *, size=2, newer=False, place=None):
    keys = []
    while True:
        found = history.ISSUED.read(asked, size=size, newer=newer, place=place)
        keys += found.keys
        if not found.more:
            return keys
        place = found.stopped_at or found.keys[-1]


@pytest.mark.parametrize(
    "asked",
    [{}, {"channel": "COMMAND"}, {"badge_id": True}, {"badge_id": True, "channel": "COMMAND"}],
)
def test_every_fact_is_on_one_page_both_ways(asked):
    """Lists and single issues of one and the same second, on pages of two."""
    badge = BadgeMetaFactory()
    for count in (1, 3, 1, 2):
        request = RequestLogFactory(badge=badge, operation=Operation.EARN_BULK)
        EarnedBadgeFactory.create_batch(count, badge=badge, request=request)
    EarnedBadgeFactory(request=RequestLogFactory(channel=Channel.API))
    asked = Filter(**asked | ({"badge_id": badge.pk} if "badge_id" in asked else {}))
    expected = 7 if asked.badge_id or asked.channel else 8

    older = walked(asked)
    newer = walked(asked, newer=True, place=_before_all(asked))

    assert len(older) == expected
    assert newer == older[::-1]


def _before_all(asked):
    first = history.ISSUED.key_for(asked)[0]
    return (NOW.replace(year=2000) if first == "earned_at" else 0, 0, "0" * 24)


def test_a_search_through_requests_is_bounded_and_goes_on(member_care):
    """Somebody who tried very often since: the one badge they issued is found step by step."""
    request = RequestLogFactory(user=member_care, channel=Channel.MEMBERCARE)
    fact = EarnedBadgeFactory(request=request)
    refused_requests(sum(BATCHES), user=member_care, channel=Channel.MEMBERCARE)
    asked = Filter(user_id=member_care.pk)

    found = history.ISSUED.read(asked)
    rest = history.ISSUED.read(asked, place=found.stopped_at)

    assert (found.keys, found.more) == ([], True)
    assert (rest.pks, rest.more) == ([fact.pk], False)


def test_more_requests_than_are_looked_up_at_once_are_all_told(member_care, live_badge):
    """Lists that gave nobody anything stand between those that did."""
    origin = Origin(channel=Channel.MEMBERCARE, user=member_care)
    oldest = EarnedBadgeFactory(request=RequestLogFactory(user=origin.user))
    for _number in range(history.REQUESTS_AT_ONCE):
        RequestLogFactory(user=origin.user, operation=Operation.EARN_BULK)

    assert [key[-1] for key in walked(Filter(user_id=member_care.pk))] == [oldest.pk]


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "earnedbadge_by_request"),
        ({"badge_id": "a" * 24}, "earned_by_badge"),
        ({"customer_id": 7}, "earned_by_customer"),
    ],
)
def test_an_index_holds_the_rows(needs_postgresql, asked, index):
    from django.db import connection

    search = history.ISSUED.search(Filter(**asked))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = search.rows.order_by(*(f"-{column}" for column in search.key))[:51].explain()

    assert index in plan
