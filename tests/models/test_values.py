"""Months, expiries, cycles and windows: calculations without a database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badges.models import (
    Expiry,
    ExpiryKind,
    Limit,
    LimitKind,
    LimitLevel,
    Span,
    Unit,
    Weekday,
)
from badges.models.values import add_months, shift, start_of_day


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


NOW = utc(2026, 3, 15, 12)
BADGE_END = utc(2026, 6, 30)


@pytest.mark.parametrize(
    ("moment", "months", "result"),
    [
        (utc(2026, 1, 31), 1, utc(2026, 2, 28)),
        (utc(2024, 1, 31), 1, utc(2024, 2, 29)),
        (utc(2000, 1, 31), 1, utc(2000, 2, 29)),
        (utc(2100, 1, 31), 1, utc(2100, 2, 28)),
        (utc(2026, 3, 31), 1, utc(2026, 4, 30)),
        (utc(2026, 3, 31), -1, utc(2026, 2, 28)),
        (utc(2026, 12, 15), 1, utc(2027, 1, 15)),
        (utc(2026, 1, 15), -1, utc(2025, 12, 15)),
        (utc(2024, 2, 29), 12, utc(2025, 2, 28)),
        (utc(2024, 2, 29), 48, utc(2028, 2, 29)),
        (utc(2026, 1, 31, 23, 59, 59, 7), 1, utc(2026, 2, 28, 23, 59, 59, 7)),
        (utc(2026, 5, 5), 0, utc(2026, 5, 5)),
    ],
)
def test_months_are_calendar_months_clamped_to_the_last_day(moment, months, result):
    assert add_months(moment, months) == result


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC)),
    st.integers(-600, 600),
)
def test_adding_months_lands_in_the_right_month_and_never_after_the_day(moment, months):
    result = add_months(moment, months)
    assert (result.year - moment.year) * 12 + result.month - moment.month == months
    assert result.day <= moment.day
    assert result.day == moment.day or (result + timedelta(days=1)).day == 1
    assert result.time() == moment.time()


@pytest.mark.parametrize(
    ("unit", "count", "result"),
    [
        (Unit.DAYS, 3, utc(2026, 3, 18, 12)),
        (Unit.DAYS, -15, utc(2026, 2, 28, 12)),
        (Unit.WEEKS, 2, utc(2026, 3, 29, 12)),
        (Unit.WEEKS, -2, utc(2026, 3, 1, 12)),
        (Unit.MONTHS, 1, utc(2026, 4, 15, 12)),
        (Unit.MONTHS, -3, utc(2025, 12, 15, 12)),
    ],
)
def test_a_period_is_a_number_of_days_weeks_or_months(unit, count, result):
    assert shift(NOW, unit, count) == result


def test_a_day_begins_at_midnight_in_utc_with_any_offset():
    in_kolkata = datetime(2026, 3, 15, 3, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert start_of_day(in_kolkata) == utc(2026, 3, 14)


@pytest.mark.parametrize(
    ("expiry", "end"),
    [
        (Expiry(ExpiryKind.NEVER), utc(2126, 3, 15, 12)),
        (Expiry(ExpiryKind.RELATIVE, Unit.DAYS, 1), utc(2026, 3, 16, 12)),
        (Expiry(ExpiryKind.RELATIVE, Unit.WEEKS, 2), utc(2026, 3, 29, 12)),
        (Expiry(ExpiryKind.RELATIVE, Unit.MONTHS, 6), utc(2026, 9, 15, 12)),
        (Expiry(ExpiryKind.FIXED_DATE, at=utc(2027, 1, 1)), utc(2027, 1, 1)),
        (Expiry(ExpiryKind.WITH_BADGE), BADGE_END),
    ],
)
def test_an_expiry_ends_by_its_kind(expiry, end):
    assert expiry.ends(base=NOW, badge_expires_at=BADGE_END) == end


def test_an_expiry_that_never_ends_keeps_29_february_apart():
    end = Expiry(ExpiryKind.NEVER).ends(base=utc(2000, 2, 29), badge_expires_at=BADGE_END)
    assert end == utc(2100, 2, 28)


def window(unit, length=1, first_weekday=None):
    return Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 2, unit, length, first_weekday)


@pytest.mark.parametrize(
    ("limit", "event_at", "first", "last"),
    [
        # Blocks of five days from the start date: 15 to 19 April, 20 to 24 April.
        (window(Unit.DAYS, 5), (4, 15, 0), (4, 15), (4, 19)),
        (window(Unit.DAYS, 5), (4, 19, 23), (4, 15), (4, 19)),
        (window(Unit.DAYS, 5), (4, 20, 0), (4, 20), (4, 24)),
        (window(Unit.DAYS, 5), (4, 14, 23), (4, 10), (4, 14)),
        (window(Unit.DAYS, 1), (4, 17, 9), (4, 17), (4, 17)),
        # 25 September 2026 is a Friday.
        (window(Unit.WEEKS, 1, Weekday.FRIDAY), (9, 25, 0), (9, 25), (10, 1)),
        (window(Unit.WEEKS, 1, Weekday.FRIDAY), (10, 1, 23), (9, 25), (10, 1)),
        (window(Unit.WEEKS, 1, Weekday.FRIDAY), (10, 2, 0), (10, 2), (10, 8)),
        (window(Unit.WEEKS, 1, Weekday.SUNDAY), (9, 25, 0), (9, 20), (9, 26)),
        (window(Unit.WEEKS, 1, Weekday.MONDAY), (9, 25, 0), (9, 21), (9, 27)),
        (window(Unit.WEEKS), (9, 25, 0), (9, 21), (9, 27)),
        (window(Unit.MONTHS), (5, 1, 0), (5, 1), (5, 31)),
        (window(Unit.MONTHS), (5, 31, 23), (5, 1), (5, 31)),
        (window(Unit.MONTHS), (6, 1, 0), (6, 1), (6, 30)),
    ],
)
def test_a_fixed_window_counts_the_event_dates_of_its_cycle(limit, event_at, first, last):
    span = limit.span(
        event_at=utc(2026, *event_at), now=NOW, badge_starts_at=utc(2026, 4, 15, 8, 32)
    )
    assert span == Span("event_at", utc(2026, *first), utc(2026, *last) + timedelta(days=1))


def test_the_guides_weeks_run_from_monday_25_september_2023():
    limit = window(Unit.WEEKS, 1, Weekday.MONDAY)
    spans = [
        limit.span(event_at=day, now=NOW, badge_starts_at=utc(2023, 9, 25))
        for day in (utc(2023, 9, 25), utc(2023, 10, 1, 23), utc(2023, 10, 2), utc(2023, 10, 15))
    ]
    assert [span.since for span in spans] == [
        utc(2023, 9, 25),
        utc(2023, 9, 25),
        utc(2023, 10, 2),
        utc(2023, 10, 9),
    ]


def test_december_ends_with_the_year():
    span = window(Unit.MONTHS).span(event_at=utc(2026, 12, 31), now=NOW, badge_starts_at=NOW)
    assert span == Span("event_at", utc(2026, 12, 1), utc(2027, 1, 1))


@pytest.mark.parametrize(
    ("unit", "length", "since"),
    [
        (Unit.DAYS, 2, utc(2026, 3, 13, 12)),
        (Unit.WEEKS, 1, utc(2026, 3, 8, 12)),
        (Unit.MONTHS, 1, utc(2026, 2, 15, 12)),
    ],
)
def test_a_rolling_window_ends_at_the_processing_time_with_any_event_date(unit, length, since):
    limit = Limit(LimitLevel.BADGE, LimitKind.ROLLING_WINDOW, 2, unit, length)
    span = limit.span(event_at=utc(2025, 1, 1), now=NOW, badge_starts_at=utc(2020, 1, 1))
    assert span == Span("earned_at", since, None)


def test_a_fixed_value_counts_everything():
    limit = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 2)
    assert limit.span(event_at=NOW, now=NOW, badge_starts_at=NOW) == Span()


@pytest.mark.parametrize(
    "limit", [window(Unit.DAYS, 5), window(Unit.WEEKS, 1, Weekday.TUESDAY), window(Unit.MONTHS)]
)
def test_the_first_cycle_of_the_calendar_begins_with_it(limit):
    first_day = utc(1, 1, 1)
    span = limit.span(event_at=first_day, now=NOW, badge_starts_at=utc(2026, 4, 14))
    assert span.since == first_day < span.until


moments = st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))
windows = st.one_of(
    st.builds(window, st.just(Unit.DAYS), st.integers(1, 400)),
    st.builds(window, st.just(Unit.WEEKS), st.just(1), st.none() | st.sampled_from(Weekday)),
    st.just(window(Unit.MONTHS)),
)


@given(windows, moments, moments)
def test_a_datetime_is_in_its_own_cycle_and_cycles_are_whole_days(limit, event_at, starts_at):
    span = limit.span(event_at=event_at, now=NOW, badge_starts_at=starts_at)
    assert span.since <= event_at < span.until
    assert span.since == start_of_day(span.since)
    assert span.until == start_of_day(span.until)


@given(windows, moments, moments)
def test_cycles_tile_the_calendar(limit, event_at, starts_at):
    def cycle(moment):
        return limit.span(event_at=moment, now=NOW, badge_starts_at=starts_at)

    own = cycle(event_at)
    instant = timedelta(microseconds=1)
    assert cycle(own.since) == own
    assert cycle(own.until - instant) == own
    assert cycle(own.until).since == own.until
    assert cycle(own.since - instant).until == own.since


@given(st.integers(1, 400), moments)
def test_the_first_cycle_of_days_begins_on_the_day_of_the_start(length, starts_at):
    limit = window(Unit.DAYS, length)
    span = limit.span(event_at=starts_at, now=NOW, badge_starts_at=starts_at)
    assert span.since == start_of_day(starts_at)
    assert span.until - span.since == timedelta(days=length)
