"""Limits, each kind at each level, through the service that enforces them."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from django.db.models import F
from django.utils import timezone

from badges.errors import BadgeError
from badges.models import (
    EVER,
    BadgeMeta,
    EarnedBadge,
    EarnLimit,
    EarnTally,
    Limit,
    LimitKind,
    LimitLevel,
    RequestLog,
    Unit,
    Weekday,
)
from badges.services.catalogue.definitions import BadgeDraft, cached_definition, update_badge
from badges.services.customers import limits
from badges.services.earning.command import single_earn_command
from badges.services.earning.earn import earn_badges
from badges.services.earning.fast_path import try_fast_earn
from badges.services.earning.slow_path import earn_on_slow_path
from tests.conftest import refused
from tests.factories import (
    CUSTOMER,
    LOYALTY,
    NOW,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    RequestLogFactory,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
REACHED = {LimitLevel.CUSTOMER: 2001, LimitLevel.BADGE: 2002}

TOTAL = (LimitKind.FIXED_VALUE, 2)
ROLLING_DAYS = (LimitKind.ROLLING_WINDOW, 2, Unit.DAYS, 2)
ROLLING_WEEK = (LimitKind.ROLLING_WINDOW, 2, Unit.WEEKS, 1)
ROLLING_MONTH = (LimitKind.ROLLING_WINDOW, 2, Unit.MONTHS, 1)
FIXED_DAYS = (LimitKind.FIXED_WINDOW, 2, Unit.DAYS, 5)
FIXED_WEEK = (LimitKind.FIXED_WINDOW, 2, Unit.WEEKS, 1, Weekday.WEDNESDAY)
FIXED_MONTH = (LimitKind.FIXED_WINDOW, 2, Unit.MONTHS, 1)


@pytest.fixture(params=["fast path", "slow path", "list of one"])
def earn(earn_arguments, request):
    """Return a function that earns by one of three code paths, which must count alike."""
    earn_by = {
        "fast path": earn_on_fast_path,
        "slow path": on_slow_path,
        "list of one": earn_in_list,
    }

    def ask(badge, **given):
        earned = earn_by[request.param](**earn_arguments(badge, **given))
        return EarnedBadge.objects.get(pk=earned.pk)

    return ask


def earn_on_fast_path(**arguments):
    """Earn. Check that the fast path declines only a refusal or an outdated definition."""
    command = single_earn_command(**arguments)
    decided_on = cached_definition(command.badge_id)
    current = BadgeMeta.objects.with_parts().get(pk=command.badge_id).definition()
    if earned := try_fast_earn(command):
        return earned
    earned = earn_on_slow_path(command)
    assert decided_on != current, "The fast path declined what the slow path accepts."
    return earned


def on_slow_path(**arguments):
    return earn_on_slow_path(single_earn_command(**arguments))


def earn_in_list(*, customer_id, **arguments):
    (outcome,) = earn_badges(customer_ids=[customer_id], **arguments).outcomes
    if outcome.refusal:
        raise outcome.refusal
    return outcome.fact


def march(day, hour=0):
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def limited(*of_limits, level=LimitLevel.CUSTOMER, **badge):
    return BadgeMetaFactory(
        claimed=True, limits=[Limit(level, *limit) for limit in of_limits], **badge
    )


def answer(earn, badge, **given):
    """Return the code of the refusal, or None."""
    try:
        earn(badge, **given)
    except BadgeError as refusal:
        return refusal.code
    return None


# For limits of two: event dates in their order, and whether each is accepted.
BY_EVENT_DATE = [
    pytest.param(TOTAL, [(march(1), True), (march(14), True), (march(9), False)], id="total"),
    pytest.param(
        FIXED_DAYS,  # of a badge that starts on 1 March: 1-5, 6-10, 11-15
        [
            (march(1), True),
            (march(5, 23), True),
            (march(3), False),
            (march(6), True),
            (march(10, 23), True),
            (march(8), False),
            (march(11), True),
            (march(2), False),
        ],
        id="blocks of five days",
    ),
    pytest.param(
        FIXED_WEEK,  # 4 March 2026 is a Wednesday
        [
            (march(4), True),
            (march(10, 23), True),
            (march(7), False),
            (march(3, 23), True),
            (march(11), True),
            (march(4), False),
        ],
        id="weeks from Wednesday",
    ),
    pytest.param(
        FIXED_MONTH,
        [
            (march(1), True),
            (march(14), True),
            (march(7), False),
            (march(1) - INSTANT, True),
            (datetime(2026, 2, 1, tzinfo=UTC), True),
            (datetime(2026, 2, 14, tzinfo=UTC), False),
            (datetime(2026, 1, 31, 23, tzinfo=UTC), True),
        ],
        id="calendar months",
    ),
]


@pytest.mark.parametrize("level", LimitLevel)
@pytest.mark.parametrize(("limit", "earns"), BY_EVENT_DATE)
def test_a_total_or_fixed_window_limits_by_event_date(earn, level, limit, earns):
    starts_at = march(1, 8) if limit == FIXED_DAYS else datetime(2020, 1, 1, tzinfo=UTC)
    badge = limited(limit, level=level, starts_at=starts_at)
    if limit == FIXED_DAYS:
        earns = [(max(event_at, starts_at), accepted) for event_at, accepted in earns]
    answers = [answer(earn, badge, event_at=event_at) for event_at, _accepted in earns]
    assert answers == [None if accepted else REACHED[level] for _event_at, accepted in earns]
    assert EarnedBadge.objects.count() == sum(accepted for _event_at, accepted in earns)


# For limits of two: processing times in their order, and whether each is accepted.
BY_PROCESSING_TIME = [
    pytest.param(
        ROLLING_DAYS,
        [
            (march(10, 12), True),
            (march(11, 12), True),
            (march(12, 12) - INSTANT, False),
            (march(12, 12), True),
            (march(13, 12) - INSTANT, False),
            (march(13, 12), True),
            (march(13, 13), False),
        ],
        id="two days",
    ),
    pytest.param(
        ROLLING_WEEK,
        [
            (march(3, 6), True),
            (march(3, 18), True),
            (march(10, 6) - INSTANT, False),
            (march(10, 6), True),
            (march(10, 7), False),
            (march(10, 18), True),
        ],
        id="a week",
    ),
    pytest.param(
        ROLLING_MONTH,
        [
            (datetime(2026, 2, 28, 12, tzinfo=UTC), True),
            (march(1, 12), True),
            (march(28, 12) - INSTANT, False),
            (march(28, 12), True),
            (march(31, 12), False),
            (datetime(2026, 4, 1, 12, tzinfo=UTC), True),
        ],
        id="a month",
    ),
]


@pytest.mark.parametrize("level", LimitLevel)
@pytest.mark.parametrize(("limit", "earns"), BY_PROCESSING_TIME)
def test_a_rolling_window_limits_by_processing_time(earn, level, limit, earns):
    badge = limited(limit, level=level)
    days = count(1)
    answers = [
        answer(earn, badge, now=now, event_at=march(1) - next(days) * DAY) for now, _ in earns
    ]
    assert answers == [None if accepted else REACHED[level] for _now, accepted in earns]


@pytest.mark.parametrize("level", LimitLevel)
def test_a_rolling_window_ignores_event_dates(earn, level):
    badge = limited(ROLLING_DAYS, level=level)
    for event_at in (march(1), datetime(2022, 1, 1, tzinfo=UTC)):
        earn(badge, event_at=event_at)
    with refused(REACHED[level]):
        earn(badge, event_at=datetime(2021, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("limit", [TOTAL, ROLLING_DAYS, FIXED_MONTH])
def test_a_customer_limit_is_of_each_customer_and_a_badge_limit_of_all(earn, limit):
    of_customer, of_badge = (limited(limit, level=level) for level in LimitLevel)
    for customer_id in (1, 2):
        earn(of_customer, customer_id=customer_id)
        earn(of_badge, customer_id=customer_id)
    assert answer(earn, of_customer, customer_id=1) is None
    assert answer(earn, of_customer, customer_id=1) == 2001
    assert answer(earn, of_badge, customer_id=3) == 2002


@pytest.mark.parametrize("level", LimitLevel)
def test_all_limits_of_a_badge_apply_together(earn, level):
    badge = limited(
        (LimitKind.FIXED_VALUE, 3), (LimitKind.FIXED_WINDOW, 1, Unit.MONTHS, 1), level=level
    )
    february, january = march(1) - DAY, march(1) - 40 * DAY
    answers = [
        answer(earn, badge, event_at=event_at)
        for event_at in (march(1), march(2), february, january, january - 60 * DAY)
    ]
    assert answers == [None, REACHED[level], None, None, REACHED[level]]


@pytest.mark.parametrize("level", LimitLevel)
def test_a_refused_earn_does_not_count(earn, level):
    badge = limited(TOTAL, level=level)
    earn(badge)
    for _time in range(3):
        with refused(750):
            earn(badge, event_at=NOW + 2 * DAY)
    assert answer(earn, badge) is None
    assert answer(earn, badge) == REACHED[level]


@pytest.mark.parametrize("limit", [TOTAL, ROLLING_DAYS, FIXED_MONTH])
def test_a_revoked_badge_does_not_count_against_its_customer(earn, limit):
    badge = limited(limit)
    revoked, _other = earn(badge), earn(badge)
    with refused(2001):
        earn(badge)
    revoke(revoked)
    earn(badge)
    with refused(2001):
        earn(badge)


def test_a_limit_applies_to_badges_with_enrolment(earn):
    badge = limited(TOTAL, enrolled=True)
    EnrolmentFactory(badge=badge)
    assert [answer(earn, badge) for _time in range(3)] == [None, None, 2001]


def test_an_expired_instance_still_counts(earn):
    badge = limited((LimitKind.FIXED_VALUE, 1))
    EarnedBadgeFactory(badge=badge, event_at=march(1), expires_at=march(2))
    with refused(2001):
        earn(badge)


def revoke(fact):
    EarnedBadge.objects.filter(pk=fact.pk).update(
        revoked_at=NOW, revocation=RequestLogFactory(request_id=None)
    )


def tallies(badge):
    """Return the tallies by day: (by event date, by processing time). Check their sums."""
    by_day = {tally.day: (tally.by_event_day, tally.by_earned_day) for tally in badge.tallies.all()}
    sums = [sum(counts) for counts in zip(*by_day.values(), strict=True)]
    ever = badge.tallies.get(day=EVER)
    assert sums == [ever.in_all, ever.in_all]
    assert by_day.pop(EVER) == (0, 0)
    return by_day


class TestTally:
    """The tally of a badge with badge limits, by day."""

    def test_the_tally_is_kept_only_for_badges_with_a_badge_limit(self, earn, live_badge):
        earn(live_badge)
        earn(limited(TOTAL))
        assert not EarnTally.objects.exists()

    def test_the_tally_counts_by_both_days(self, earn):
        badge = limited((LimitKind.FIXED_VALUE, 9), level=LimitLevel.BADGE)
        for event_at in (march(1, 23), march(1), march(15)):
            earn(badge, event_at=event_at, now=march(15, 12))
        assert tallies(badge) == {date(2026, 3, 1): (2, 0), date(2026, 3, 15): (1, 3)}

    def test_the_tally_is_decremented_as_it_is_incremented(self, earn):
        badge = limited((LimitKind.FIXED_VALUE, 2), level=LimitLevel.BADGE)
        fact, _other = earn(badge, event_at=march(1)), earn(badge)
        revoke(fact)
        limits.add_to_tally(badge.definition(), [(fact.event_at, fact.earned_at)], by=-1)
        earn(badge)
        with refused(2002):
            earn(badge)

    def test_the_tally_is_not_raised_by_a_refusal(self, earn):
        badge = limited((LimitKind.FIXED_VALUE, 1), level=LimitLevel.BADGE)
        earn(badge)
        before = tallies(badge)
        with refused(2002):
            earn(badge)
        assert tallies(badge) == before

    @pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Los_Angeles"])
    def test_the_tally_is_rebuilt_from_the_ledger_in_days_of_utc(self, earn, live_badge, zone):
        for event_at in (march(1, 0), march(1, 23), march(2, 0)):
            earn(live_badge, event_at=event_at, now=march(15, 23))
        revoke(earn(live_badge))
        EarnTally.objects.create(badge=live_badge, day=date(2026, 1, 1), by_event_day=7)

        with timezone.override(zone):
            limits.rebuild_tally(live_badge.pk)

        assert tallies(live_badge) == {
            date(2026, 3, 1): (2, 0),
            date(2026, 3, 2): (1, 0),
            date(2026, 3, 15): (0, 3),
        }

    def test_the_tally_agrees_with_the_ledger_after_many_earns(self, earn):
        badge = limited(
            (LimitKind.FIXED_VALUE, 20),
            (LimitKind.FIXED_WINDOW, 3, Unit.DAYS, 3),
            level=LimitLevel.BADGE,
        )
        for step in range(30):
            answer(earn, badge, customer_id=step + 1, event_at=march(1) + step * DAY / 3)
        kept = tallies(badge)
        limits.rebuild_tally(badge.pk)
        assert tallies(badge) == kept
        by_day = Counter(fact.event_at.date() for fact in EarnedBadge.objects.all())
        assert by_day == +Counter({day: counts[0] for day, counts in kept.items()})


@pytest.mark.parametrize("limit", [TOTAL, ROLLING_DAYS, FIXED_MONTH])
@pytest.mark.parametrize("level", LimitLevel)
def test_a_limit_set_later_counts_earlier_earns(earn, live_badge, desk_origin, level, limit):
    earned = [earn(live_badge) for _time in range(2)]
    draft = BadgeDraft(values={}, owners=["Loyalty"], limits=[Limit(level, *limit)])

    update_badge(origin=desk_origin, badge_id=live_badge.pk, draft=draft, now=NOW)

    with refused(REACHED[level]):
        earn(live_badge, customer_id=CUSTOMER)
    assert EarnedBadge.objects.count() == len(earned)


def test_a_restored_badge_limit_counts_earns_without_the_limit(earn, desk_origin):
    badge = limited((LimitKind.FIXED_VALUE, 3), level=LimitLevel.BADGE)
    without = BadgeDraft(values={}, owners=["Loyalty"])
    again = BadgeDraft(
        values={},
        owners=["Loyalty"],
        limits=[Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 3)],
    )
    earn(badge)
    update_badge(origin=desk_origin, badge_id=badge.pk, draft=without, now=NOW)
    for _time in range(2):
        earn(badge)
    update_badge(origin=desk_origin, badge_id=badge.pk, draft=again, now=NOW)
    with refused(2002):
        earn(badge)


def test_a_limit_changed_behind_the_cache_applies_immediately(earn):
    badge = limited((LimitKind.FIXED_VALUE, 1))
    earn(badge)
    EarnLimit.objects.filter(badge=badge).update(max_earns=2)
    BadgeMeta.objects.filter(pk=badge.pk).update(version=F("version") + 1)
    assert [answer(earn, badge), answer(earn, badge)] == [None, 2001]
    assert RequestLog.objects.accepted().exclude(earnedbadge=None).count() == 2
    assert EarnedBadge.objects.filter(owner_type=LOYALTY.owner_type).count() == 2
