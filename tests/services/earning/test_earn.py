"""Earning badges: rows, and refusals that write nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from badges.models import (
    BadgeMeta,
    Channel,
    EarnedBadge,
    EarnType,
    ExpiryKind,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    Owner,
    RequestLog,
    RequestOutcome,
    Unit,
    Weekday,
)
from badges.services.catalogue.definitions import claim_badge, unclaim_badge
from badges.services.earning.earn import earn_badge
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import (
    CUSTOMER,
    FAR_AHEAD,
    LONG_AGO,
    LOYALTY,
    NOW,
    BadgeMetaFactory,
    EnrolmentFactory,
    earn_arguments,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
UNKNOWN_ID = "0" * 24


def test_an_earn_writes_one_fact_and_its_accepted_request(live_badge, earn, integrator):
    fact = earn(live_badge, request_id="2132", event_at=NOW - DAY)

    stored = EarnedBadge.objects.get()
    assert stored == fact
    assert (stored.badge_id, stored.customer_id) == (live_badge.pk, CUSTOMER)
    assert (stored.event_at, stored.earned_at) == (NOW - DAY, NOW)
    assert (stored.owner_type, stored.reference_id) == ("Loyalty", "123694")
    assert (stored.enrolment, stored.revoked_at, stored.revocation) == (None, None, None)
    request = RequestLog.objects.get()
    assert stored.request == request
    assert (request.operation, request.outcome) == (Operation.EARN, RequestOutcome.ACCEPTED)
    assert (request.code, request.errors) == (None, [])
    assert (request.request_id, request.received_at) == ("2132", NOW)
    assert (request.integrator, request.user) == (integrator, None)
    assert (request.badge_id, request.customer_id) == (live_badge.pk, CUSTOMER)
    assert request.content == '{"requestId": "2132"}'


def test_the_id_of_a_fact_is_24_lower_case_hex_characters(live_badge, earn):
    fact = earn(live_badge)
    assert len(fact.pk) == 24
    assert set(fact.pk) <= set("0123456789abcdef")


def test_the_event_date_is_the_processing_time_when_none_is_given(live_badge, earn):
    assert earn(live_badge).event_at == NOW


def test_the_processing_time_is_the_real_time_when_none_is_given(live_badge, earn):
    before = timezone.now()
    assert before <= earn(live_badge, now=None).earned_at <= timezone.now()


def test_a_customer_may_hold_a_badge_without_limits_many_times(live_badge, earn):
    facts = {earn(live_badge).pk for _time in range(3)}
    assert set(EarnedBadge.objects.values_list("pk", flat=True)) == facts
    assert len(facts) == 3


@pytest.mark.parametrize(
    ("expiry", "expires_at"),
    [
        ({"kind": ExpiryKind.NEVER}, datetime(2126, 3, 15, 12, tzinfo=UTC)),
        (
            {"kind": ExpiryKind.RELATIVE, "unit": Unit.DAYS, "count": 14},
            datetime(2026, 3, 29, 12, tzinfo=UTC),
        ),
        (
            {"kind": ExpiryKind.RELATIVE, "unit": Unit.MONTHS, "count": 1},
            datetime(2026, 4, 15, 12, tzinfo=UTC),
        ),
        ({"kind": ExpiryKind.FIXED_DATE, "at": FAR_AHEAD}, FAR_AHEAD),
        ({"kind": ExpiryKind.WITH_BADGE}, FAR_AHEAD),
    ],
)
def test_an_earned_badge_expires_counted_from_the_processing_time(earn, expiry, expires_at):
    columns = {f"earned_expiry_{part}": value for part, value in expiry.items()}
    badge = BadgeMetaFactory(claimed=True, **columns)
    assert earn(badge, event_at=NOW - 30 * DAY).expires_at == expires_at


SITUATIONS = [
    pytest.param({"inactive": True}, {}, 815, id="inactive"),
    pytest.param({"upcoming": True}, {}, 815, id="upcoming"),
    pytest.param({}, {"event_at": NOW + DAY + INSTANT}, 750, id="too far ahead"),
    pytest.param({}, {"owner": Owner("Journeys", "1")}, 810, id="not claimed"),
    pytest.param({}, {"owner": None}, 716, id="no owner"),
    pytest.param({"expired": True}, {}, 816, id="over"),
    pytest.param({}, {"event_at": LONG_AGO - INSTANT}, 816, id="before the start"),
    pytest.param({"enrolled": True}, {}, 811, id="not enrolled"),
]


@pytest.mark.parametrize(("badge", "call", "code"), SITUATIONS)
def test_a_refused_earn_writes_only_a_refused_row(earn, badge, call, code):
    badge = BadgeMetaFactory(claimed=True, **badge)

    with refused(code):
        earn(badge, request_id="2132", **call)

    assert not EarnedBadge.objects.exists()
    row = RequestLog.objects.get()
    assert (row.outcome, row.code) == (RequestOutcome.REFUSED, code)
    assert (row.request_id, row.customer_id, row.badge_id) == ("2132", CUSTOMER, badge.pk)
    assert [error["code"] for error in row.errors] == [code]


@pytest.mark.parametrize(("badge", "call", "code"), SITUATIONS)
def test_a_refused_request_does_not_use_its_request_id(live_badge, earn, badge, call, code):
    with refused(code):
        earn(BadgeMetaFactory(claimed=True, **badge), request_id="2132", **call)

    earned = earn(live_badge, request_id="2132")

    assert EarnedBadge.objects.get() == earned
    assert RequestLog.objects.accepted().get().request_id == "2132"


def test_an_expired_badge_accepts_a_past_event_date(earn):
    badge = BadgeMetaFactory(expired=True, claimed=True)
    last_moment = badge.expires_at - INSTANT
    assert earn(badge, event_at=last_moment).event_at == last_moment


def test_an_unknown_badge_is_not_found_and_the_attempt_is_recorded(api_origin, db):
    with refused(404):
        earn_badge(
            origin=api_origin,
            request_id="2132",
            customer_id=CUSTOMER,
            badge_id=UNKNOWN_ID,
            owner=LOYALTY,
        )
    row = RequestLog.objects.get()
    assert (row.code, row.badge, row.customer_id) == (404, None, CUSTOMER)


class TestOmittedBadge:
    """An earn without a badge id gets the badge that the owner has claimed."""

    @pytest.fixture
    def give(self, earn):
        return lambda **given: earn(BadgeMeta(), badge_id=None, **given)

    def test_an_omitted_badge_is_found_by_its_claim(self, live_badge, give):
        BadgeMetaFactory(claimed=[Owner("Loyalty", "other"), Owner("Journeys", "123694")])
        assert give().badge_id == live_badge.pk

    @pytest.mark.parametrize("owner", [None, Owner("Loyalty", "nobody's")])
    def test_an_omitted_badge_is_refused_without_a_claim(self, live_badge, give, owner):
        with refused(715):
            give(owner=owner)
        assert not EarnedBadge.objects.exists()
        assert RequestLog.objects.get().badge is None

    def test_an_omitted_badge_is_refused_with_several_claims(
        self, live_badge, enrolled_badge, give
    ):
        with refused(715):
            give()
        assert not EarnedBadge.objects.exists()

    def test_an_omitted_badge_is_not_found_by_a_revoked_claim(
        self, live_badge, enrolled_badge, give, desk_origin
    ):
        unclaim_badge(origin=desk_origin, badge_id=enrolled_badge.pk, owner=LOYALTY)
        assert give().badge_id == live_badge.pk
        unclaim_badge(origin=desk_origin, badge_id=live_badge.pk, owner=LOYALTY)
        with refused(715):
            give()

    def test_an_omitted_badge_is_refused_by_the_rules(self, give):
        BadgeMetaFactory(inactive=True, claimed=True)
        with refused(815):
            give()


class TestMemberCare:
    """MemberCare may omit the owner and the claim, but nothing else."""

    def test_membercare_is_recorded_as_the_owner(self, earn, desk_origin):
        fact = earn(BadgeMetaFactory(), origin=desk_origin, owner=None)
        assert (fact.owner_type, fact.reference_id) == ("Membercare", "maria")
        request = RequestLog.objects.get()
        assert (request.user, request.integrator) == (desk_origin.user, None)
        assert (request.channel, request.reason) == (Channel.MEMBERCARE, "Called in")

    def test_membercare_needs_the_claim_of_an_owner_it_names(self, earn, desk_origin):
        with refused(810):
            earn(BadgeMetaFactory(), origin=desk_origin)

    @pytest.mark.parametrize(
        ("badge", "call", "code"),
        [situation for situation in SITUATIONS if situation.values[2] not in (716, 810)],
    )
    def test_membercare_is_bound_by_every_other_rule(self, earn, desk_origin, badge, call, code):
        badge = BadgeMetaFactory(claimed=True, **badge)
        with refused(code):
            earn(badge, origin=desk_origin, **(call | {"owner": None}))
        assert not EarnedBadge.objects.exists()

    @pytest.mark.parametrize("channel", [Channel.API, Channel.IMPORT, Channel.COMMAND])
    def test_membercare_is_the_only_channel_without_an_owner(self, live_badge, earn, channel):
        with refused(716):
            earn(live_badge, origin=Origin(channel=channel), owner=None)

    def test_membercare_is_no_owner_of_an_api_call(self, live_badge, earn):
        with refused(810):
            earn(live_badge, owner=Owner("Membercare", "maria"))


class TestBadgeWithEnrolment:
    SINCE, UNTIL = NOW - 5 * DAY, NOW - 2 * DAY

    @pytest.fixture
    def enrolment(self, enrolled_badge):
        return EnrolmentFactory(badge=enrolled_badge, event_at=self.SINCE, expires_at=self.UNTIL)

    @pytest.mark.parametrize("event_at", [SINCE, UNTIL - INSTANT])
    def test_a_badge_with_enrolment_is_earned_inside_the_enrolment_and_points_to_it(
        self, enrolment, earn, event_at
    ):
        fact = earn(enrolment.badge, event_at=event_at)
        assert EarnedBadge.objects.get(pk=fact.pk).enrolment == enrolment

    @pytest.mark.parametrize("event_at", [SINCE - INSTANT, UNTIL, None])
    def test_a_badge_with_enrolment_is_refused_outside_the_enrolment(
        self, enrolment, earn, event_at
    ):
        with refused(811):
            earn(enrolment.badge, event_at=event_at)
        assert not EarnedBadge.objects.exists()

    @pytest.mark.parametrize("unit", Unit)
    def test_a_badge_with_enrolment_is_refused_for_the_earliest_date(self, earn, unit):
        limit = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 1, unit, 1, Weekday.TUESDAY)
        badge = BadgeMetaFactory(enrolled=True, claimed=True, limits=[limit])
        with refused(811):
            earn(badge, event_at=datetime(1, 1, 1, tzinfo=UTC))

    def test_a_badge_with_enrolment_is_earned_repeatedly(self, enrolment, earn):
        for _time in range(2):
            earn(enrolment.badge, event_at=self.SINCE)
        assert EarnedBadge.objects.filter(enrolment=enrolment).count() == 2

    def test_a_badge_with_enrolment_takes_the_enrolment_that_covers_the_event_date(
        self, enrolment, earn
    ):
        later = EnrolmentFactory(badge=enrolment.badge, event_at=self.UNTIL)
        assert earn(enrolment.badge, event_at=self.UNTIL - INSTANT).enrolment == enrolment
        assert earn(enrolment.badge, event_at=self.UNTIL).enrolment == later

    @pytest.mark.parametrize(
        "other", [{"revoked": True}, {"customer_id": CUSTOMER + 1}, {"badge": None}]
    )
    def test_a_badge_with_enrolment_is_refused_with_an_enrolment_that_does_not_count(
        self, enrolled_badge, earn, other
    ):
        badge = other.get("badge", enrolled_badge) or BadgeMetaFactory(enrolled=True)
        EnrolmentFactory(**(other | {"badge": badge}))
        with refused(811):
            earn(enrolled_badge)

    def test_a_badge_with_enrolment_is_still_earned_after_the_badge_is_over(self, earn):
        badge = BadgeMetaFactory(enrolled=True, expired=True, claimed=True)
        enrolment = EnrolmentFactory(badge=badge, event_at=badge.expires_at - DAY)
        assert earn(badge).enrolment == enrolment


class TestChangedDefinition:
    """The next earn uses the changed definition, although the process has cached the old one."""

    @pytest.fixture
    def known(self, live_badge, earn):
        earn(live_badge)
        return live_badge

    def change(self, badge, **columns):
        BadgeMeta.objects.filter(pk=badge.pk).update(version=F("version") + 1, **columns)

    def test_a_changed_definition_applies_when_it_is_switched_off(self, known, earn):
        self.change(known, active=False)
        with refused(815):
            earn(known)
        self.change(known, active=True)
        earn(known)
        assert EarnedBadge.objects.count() == 2

    def test_a_changed_definition_applies_when_its_period_changes(self, known, earn):
        self.change(known, expires_at=NOW)
        with refused(816):
            earn(known)

    def test_a_changed_definition_applies_when_its_expiry_changes(self, known, earn):
        self.change(known, earned_expiry_kind=ExpiryKind.WITH_BADGE)
        assert earn(known).expires_at == known.expires_at

    def test_a_changed_definition_applies_when_it_comes_to_need_an_enrolment(self, known, earn):
        self.change(known, earn_type=EarnType.ISSUE_EARN, enrolment_expiry_kind=ExpiryKind.NEVER)
        with refused(811):
            earn(known)

    def test_a_changed_definition_applies_when_a_claim_comes_or_goes(
        self, known, earn, desk_origin
    ):
        journey = Owner("Loyalty", "journey")
        with refused(810):
            earn(known, owner=journey)
        claim_badge(origin=desk_origin, badge_id=known.pk, owner=journey)
        earn(known, owner=journey)
        unclaim_badge(origin=desk_origin, badge_id=known.pk, owner=journey)
        with refused(810):
            earn(known, owner=journey)
        assert EarnedBadge.objects.count() == 2


def limits_of_every_kind():
    """Yield every kind of limit at both levels, each with a high maximum."""
    for level in LimitLevel:
        yield Limit(level, LimitKind.FIXED_VALUE, 100)
        for unit in Unit:
            yield Limit(level, LimitKind.ROLLING_WINDOW, 100, unit, 2)
            yield Limit(level, LimitKind.FIXED_WINDOW, 100, unit, 1)


def queries_of(call):
    """Return the queries of a call, except for those that begin and end transactions."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        call()
    frames = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return [query["sql"] for query in captured if not query["sql"].startswith(frames)]


@pytest.mark.parametrize(
    ("badge", "statements"),
    [
        pytest.param({}, {"postgresql": 1, "sqlite": 2}, id="plain"),
        pytest.param({"enrolled": True}, {"postgresql": 3, "sqlite": 4}, id="with enrolment"),
        pytest.param(
            {"enrolled": True, "limits": list(limits_of_every_kind())},
            {"postgresql": 4, "sqlite": 5},
            id="with enrolment and every kind of limit",
        ),
    ],
)
def test_the_statement_count_of_an_earn_of_a_cached_badge(earn, api_origin, badge, statements):
    badge = BadgeMetaFactory(claimed=True, **badge)
    if badge.earn_type == EarnType.ISSUE_EARN:
        EnrolmentFactory(badge=badge)
    earn(badge)
    again = earn_arguments(badge, api_origin, request_id="again")
    queries = queries_of(lambda: earn_badge(**again))
    assert len(queries) == statements[connection.vendor], queries
