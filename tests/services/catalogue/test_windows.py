"""Fixed windows: the effect of edits, and the cycles."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badges.models import (
    CycleStatus,
    Definition,
    EarnType,
    Expiry,
    ExpiryKind,
    Limit,
    LimitKind,
    LimitLevel,
    Unit,
)
from badges.services.catalogue.definitions import BadgeDraft, update_badge
from badges.services.catalogue.windows import (
    cycles_between,
    limits_to_keep,
    reference_id,
    window_of,
)
from tests.conftest import refused
from tests.factories import LOYALTY, BadgeMetaFactory


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def window(unit, length=1, first_weekday=None, level=LimitLevel.CUSTOMER, most=2, **handover):
    return Limit(level, LimitKind.FIXED_WINDOW, most, unit, length, first_weekday, **handover)


def a_badge(*limits, starts_at=None, expires_at=None):
    return Definition(
        id="0" * 24,
        version=1,
        name="Welcome",
        earn_type=EarnType.EARN,
        active=True,
        starts_at=starts_at or utc(2026, 4, 15, 8, 32),
        expires_at=expires_at or utc(2026, 12, 31),
        earned_expiry=Expiry(ExpiryKind.NEVER),
        enrolment_expiry=None,
        owners=frozenset(["Loyalty"]),
        claims=frozenset(),
        limits=limits,
    )


FIVE_DAYS = window(Unit.DAYS, 5)
THREE_DAYS = window(Unit.DAYS, 3)
WEEK = window(Unit.WEEKS, 1, 0)
MONTH = window(Unit.MONTHS)
OF_BADGE = window(Unit.MONTHS, level=LimitLevel.BADGE)
TOTAL = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 9)
# The cycle of five days from 20 to 24 April runs.
NOW = utc(2026, 4, 21, 12)
NEXT = utc(2026, 4, 25)


class TestEditing:
    @pytest.mark.parametrize(
        ("before", "wanted", "after"),
        [
            pytest.param([], [FIVE_DAYS], [FIVE_DAYS], id="the first window begins at once"),
            pytest.param([FIVE_DAYS], [], [], id="a window that is dropped ends at once"),
            pytest.param([FIVE_DAYS], [FIVE_DAYS], [FIVE_DAYS], id="the same"),
            pytest.param(
                [FIVE_DAYS],
                [replace(FIVE_DAYS, max_earns=7)],
                [replace(FIVE_DAYS, max_earns=7)],
                id="another cap holds at once",
            ),
            pytest.param(
                [window(Unit.WEEKS)], [WEEK], [window(Unit.WEEKS)], id="Monday is the default"
            ),
            pytest.param(
                [FIVE_DAYS],
                [THREE_DAYS],
                [replace(FIVE_DAYS, until=NEXT), replace(THREE_DAYS, since=NEXT)],
                id="another length waits for the end of the cycle",
            ),
            pytest.param(
                [FIVE_DAYS],
                [WEEK],
                [replace(FIVE_DAYS, until=NEXT), replace(WEEK, since=NEXT)],
                id="another unit waits for the end of the cycle",
            ),
            pytest.param(
                [WEEK],
                [replace(WEEK, first_weekday=3)],
                [
                    replace(WEEK, until=utc(2026, 4, 27)),
                    replace(WEEK, first_weekday=3, since=utc(2026, 4, 27)),
                ],
                id="another first day waits for the end of the week",
            ),
            pytest.param(
                [FIVE_DAYS],
                [MONTH],
                [
                    replace(FIVE_DAYS, until=utc(2026, 5, 1)),
                    replace(MONTH, since=utc(2026, 5, 1)),
                ],
                id="months wait for the end of the month",
            ),
            pytest.param(
                [replace(FIVE_DAYS, until=NEXT), replace(THREE_DAYS, since=NEXT)],
                [WEEK],
                [replace(FIVE_DAYS, until=NEXT), replace(WEEK, since=NEXT)],
                id="a second edit replaces the one to come",
            ),
            pytest.param(
                [replace(FIVE_DAYS, until=NEXT), replace(THREE_DAYS, since=NEXT)],
                [FIVE_DAYS],
                [FIVE_DAYS],
                id="back to the running one",
            ),
            pytest.param(
                [replace(FIVE_DAYS, until=NEXT), replace(THREE_DAYS, since=NEXT)],
                [THREE_DAYS],
                [replace(FIVE_DAYS, until=NEXT), replace(THREE_DAYS, since=NEXT)],
                id="the one to come again",
            ),
            pytest.param(
                [
                    replace(WEEK, until=utc(2026, 4, 20)),
                    replace(FIVE_DAYS, since=utc(2026, 4, 20)),
                ],
                [THREE_DAYS],
                [
                    replace(WEEK, until=utc(2026, 4, 20)),
                    replace(FIVE_DAYS, since=utc(2026, 4, 20), until=NEXT),
                    replace(THREE_DAYS, since=NEXT),
                ],
                id="past windows stay on record",
            ),
            pytest.param(
                [FIVE_DAYS, OF_BADGE],
                [THREE_DAYS, replace(OF_BADGE, max_earns=5)],
                [
                    replace(FIVE_DAYS, until=NEXT),
                    replace(THREE_DAYS, since=NEXT),
                    replace(OF_BADGE, max_earns=5),
                ],
                id="each level on its own",
            ),
            pytest.param(
                [TOTAL],
                [replace(TOTAL, max_earns=3)],
                [replace(TOTAL, max_earns=3)],
                id="no window",
            ),
        ],
    )
    def test_editing_fixed_windows_of_a_live_badge(self, before, wanted, after):
        assert limits_to_keep(a_badge(*before), wanted, now=NOW) == after

    def test_editing_fixed_windows_of_an_upcoming_badge_replaces_them(self):
        badge = a_badge(FIVE_DAYS, OF_BADGE)
        assert limits_to_keep(badge, [MONTH], now=badge.starts_at - timedelta(1)) == [MONTH]

    @pytest.mark.django_db
    def test_editing_fixed_windows_leaves_one_limit_for_every_event_date(self, api_origin, earn):
        badge = BadgeMetaFactory(claimed=True, starts_at=utc(2026, 4, 15), limits=[FIVE_DAYS])
        draft = BadgeDraft(values={}, owners=["Loyalty"], limits=[replace(THREE_DAYS, max_earns=1)])
        for place in (1, 2):
            earn(badge, request_id=f"r{place}", event_at=NOW, now=NOW, owner=LOYALTY)

        update_badge(origin=api_origin, badge_id=badge.pk, draft=draft, now=NOW)

        # The running cycle keeps its limit of two; the next one has a limit of one.
        with refused(2001):
            earn(badge, event_at=NEXT - timedelta(seconds=1), now=NEXT)
        earn(badge, event_at=NEXT, now=NEXT)
        with refused(2001):
            earn(badge, event_at=NEXT + timedelta(days=2), now=NEXT + timedelta(days=2))
        earn(badge, event_at=NEXT + timedelta(days=3), now=NEXT + timedelta(days=3))


def shown(cycles):
    """Return the first and last days of cycles, as month and day."""
    return [
        ((each.first_day.month, each.first_day.day), (each.last_day.month, each.last_day.day))
        for each in cycles
    ]


def all_cycles(badge, since=None, until=None):
    return cycles_between(
        since or badge.starts_at, until or badge.expires_at, limits=badge.limits, badge=badge
    )


class TestCycles:
    @pytest.mark.parametrize(
        ("limit", "expires_at", "days"),
        [
            (
                FIVE_DAYS,
                utc(2026, 4, 27, 10),
                [((4, 15), (4, 19)), ((4, 20), (4, 24)), ((4, 25), (4, 27))],
            ),
            (FIVE_DAYS, utc(2026, 4, 25), [((4, 15), (4, 19)), ((4, 20), (4, 24))]),
            (
                WEEK,
                utc(2026, 5, 1),
                [((4, 15), (4, 19)), ((4, 20), (4, 26)), ((4, 27), (4, 30))],
            ),
            (
                MONTH,
                utc(2026, 6, 2),
                [((4, 15), (4, 30)), ((5, 1), (5, 31)), ((6, 1), (6, 1))],
            ),
            (
                replace(FIVE_DAYS, until=utc(2026, 4, 22)),
                utc(2026, 12, 31),
                [((4, 15), (4, 19)), ((4, 20), (4, 21))],
            ),
            (
                replace(WEEK, since=utc(2026, 4, 25)),
                utc(2026, 5, 6),
                [((4, 25), (4, 26)), ((4, 27), (5, 3)), ((5, 4), (5, 5))],
            ),
            (replace(WEEK, since=utc(2027, 1, 1)), utc(2026, 5, 6), []),
        ],
    )
    def test_cycles_begin_with_the_badge_and_end_with_it(self, limit, expires_at, days):
        assert shown(all_cycles(a_badge(limit, expires_at=expires_at))) == days

    @pytest.mark.parametrize(
        ("since", "until", "days"),
        [
            (utc(2026, 4, 19, 23), utc(2026, 4, 20), [((4, 15), (4, 19)), ((4, 20), (4, 24))]),
            (utc(2026, 4, 20), utc(2026, 4, 24, 23), [((4, 20), (4, 24))]),
            (utc(1926, 1, 1), utc(2026, 4, 15), [((4, 15), (4, 19))]),
            (utc(1926, 1, 1), utc(2026, 4, 14), []),
            (utc(2026, 12, 30), utc(9999, 12, 31), [((12, 26), (12, 30))]),
            (utc(2026, 12, 31), utc(9999, 12, 31), []),
        ],
    )
    def test_cycles_are_those_that_touch_a_period(self, since, until, days):
        assert shown(all_cycles(a_badge(FIVE_DAYS), since, until)) == days

    def test_cycles_are_listed_window_by_window(self):
        badge = a_badge(WEEK, OF_BADGE, expires_at=utc(2026, 5, 2))
        cycles = all_cycles(badge)

        assert [each.limit.level for each in cycles] == ["CUSTOMER"] * 3 + ["BADGE"] * 2
        assert shown(cycles[2:4]) == [((4, 27), (5, 1)), ((4, 15), (4, 30))]
        assert cycles[10:20] == []

    def test_cycles_of_a_century_are_counted_without_computing_them(self):
        badge = a_badge(window(Unit.DAYS, 1), starts_at=utc(1926, 1, 1), expires_at=utc(2026, 1, 1))
        cycles = all_cycles(badge)

        assert len(cycles) == 36_525
        assert shown(cycles[36_524:36_530]) == [((12, 31), (12, 31))]

    @given(
        st.one_of(
            st.builds(window, st.just(Unit.DAYS), st.integers(1, 400)),
            st.builds(window, st.just(Unit.WEEKS), st.just(1), st.integers(0, 6)),
            st.just(MONTH),
        ),
        st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
        st.integers(1, 3_000),
    )
    def test_cycles_cover_every_day_of_the_badge_once(self, limit, starts_at, hours):
        badge = a_badge(limit, starts_at=starts_at, expires_at=starts_at + timedelta(hours=hours))
        cycles = list(all_cycles(badge))

        assert cycles[0].first_day <= badge.starts_at < cycles[0].first_day + timedelta(days=1)
        assert cycles[-1].last_day < badge.expires_at <= cycles[-1].next_day
        assert all(one.next_day == two.first_day for one, two in pairwise(cycles))
        for cycle in cycles:
            moment = max(cycle.first_day, badge.starts_at)
            span = limit.span(event_at=moment, now=moment, badge_starts_at=badge.starts_at)
            assert span.since <= cycle.first_day <= cycle.last_day < span.until


class TestWindowStatus:
    @pytest.mark.parametrize(
        ("limit", "now", "status", "days", "current"),
        [
            (
                FIVE_DAYS,
                utc(2026, 4, 15, 8, 31),
                CycleStatus.UPCOMING,
                ((4, 15), (12, 30)),
                None,
            ),
            (FIVE_DAYS, NOW, CycleStatus.ACTIVE, ((4, 15), (12, 30)), ((4, 20), (4, 24))),
            (
                replace(FIVE_DAYS, until=NEXT),
                NOW,
                CycleStatus.ACTIVE,
                ((4, 15), (4, 24)),
                ((4, 20), (4, 24)),
            ),
            (
                replace(THREE_DAYS, since=NEXT),
                NOW,
                CycleStatus.UPCOMING,
                ((4, 25), (12, 30)),
                None,
            ),
            (
                replace(FIVE_DAYS, until=utc(2026, 4, 20)),
                NOW,
                CycleStatus.EXPIRED,
                ((4, 15), (4, 19)),
                None,
            ),
            # The badge may be extended: then the window still applies.
            (FIVE_DAYS, utc(2027, 1, 1), CycleStatus.ACTIVE, ((4, 15), (12, 30)), None),
            # The window would start after the end of the badge: it never begins.
            (
                replace(MONTH, since=utc(2027, 1, 1)),
                NOW,
                CycleStatus.UPCOMING,
                ((1, 1), (1, 1)),
                None,
            ),
        ],
    )
    def test_window_status_follows_the_dates_of_window_and_badge(
        self, limit, now, status, days, current
    ):
        found = window_of(limit, a_badge(limit), now=now)

        assert found.status == status
        assert shown([found.days]) == [days]
        assert (shown([found.current])[0] if found.current else None) == current


class TestWindowReference:
    def test_a_window_reference_is_the_same_for_the_same_type_duration_and_rate(self):
        assert reference_id(FIVE_DAYS) == reference_id(replace(FIVE_DAYS, max_earns=9, since=NOW))
        assert reference_id(FIVE_DAYS).version == 3

    @pytest.mark.parametrize(
        "other", [THREE_DAYS, WEEK, replace(FIVE_DAYS, level=LimitLevel.BADGE)]
    )
    def test_a_window_reference_is_another_for_another_window(self, other):
        assert reference_id(FIVE_DAYS) != reference_id(other)
