"""Limits and expiries in words, with a date as an example."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import assert_never

from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from badges.desk.parts.numbers import group_digits
from badges.models import (
    Definition,
    Expiry,
    ExpiryKind,
    Limit,
    LimitKind,
    LimitLevel,
    Unit,
    Weekday,
)
from badges.models.units import UNITS
from badges.models.values import required, shift
from badges.times import time_element

_date = partial(time_element, form="date")


def window(limit: Limit) -> str:
    """Return the window of a limit in words: "per calendar month"."""
    match limit.kind:
        case LimitKind.FIXED_VALUE:
            return _("over the life of the badge")
        case LimitKind.ROLLING_WINDOW:
            return _("in the last %(period)s") % {
                "period": period(required(limit.unit), required(limit.length))
            }
        case LimitKind.FIXED_WINDOW:
            return _fixed_window(limit)
        case _:
            assert_never(limit.kind)


def _fixed_window(limit: Limit) -> str:
    unit, length = required(limit.unit), required(limit.length)
    match unit:
        case Unit.MONTHS:
            return _("per calendar month")
        case Unit.WEEKS:
            first = required(limit.weekday)
            last = Weekday((first - 1) % len(Weekday))
            return _("per week (%(first)s to %(last)s)") % {
                "first": first.label,
                "last": last.label,
            }
        case Unit.DAYS if length == 1:
            return _("per day")
        case Unit.DAYS:
            days = period(unit, length)
            return _("in each %(period)s of the badge") % {"period": days}
        case _:
            assert_never(unit)


def period(unit: Unit, count: int) -> str:
    """Return a number of units in words: "3 months"."""
    return UNITS[unit].period(count)


def meaning(badge: Definition, now: datetime) -> list[str]:
    """Return the meaning of the expiries and limits of a badge, one sentence each."""
    example = min(max(now, badge.starts_at), badge.expires_at)
    sentences = []
    if badge.enrolment_expiry:
        sentences.append(_enrolment(badge, example))
    sentences.append(_earned(badge, example))
    sentences += list(_limits(badge, example))
    return sentences


def _earned(badge: Definition, example: datetime) -> str:
    expiry = badge.earned_expiry
    match expiry.kind:
        case ExpiryKind.NEVER:
            return _("An issued badge never expires.")
        case ExpiryKind.RELATIVE:
            template = _(
                "An issued badge expires after {period}: issued on {example}, it ends on {end}."
            )
        case ExpiryKind.WITH_BADGE:
            template = _("An issued badge expires together with the badge: on {end}.")
        case ExpiryKind.FIXED_DATE:
            template = _("An issued badge expires on {end}, whenever it was issued.")
        case _:
            assert_never(expiry.kind)
    return _with_dates(template, expiry, example, badge.earned_badge_ends(example))


def _enrolment(badge: Definition, example: datetime) -> str:
    expiry = required(badge.enrolment_expiry)
    match expiry.kind:
        case ExpiryKind.NEVER:
            return _("Customers are enrolled first; an enrolment never expires.")
        case ExpiryKind.RELATIVE:
            template = _(
                "Customers are enrolled first; an enrolment expires after {period}: "
                "begun on {example}, it ends on {end}."
            )
        case ExpiryKind.WITH_BADGE:
            template = _(
                "Customers are enrolled first; enrolments expire with the badge: on {end}."
            )
        case ExpiryKind.FIXED_DATE:
            template = _("Customers are enrolled first; every enrolment expires on {end}.")
        case _:
            assert_never(expiry.kind)
    return _with_dates(template, expiry, example, badge.enrolment_ends(example))


def _with_dates(template: str, expiry: Expiry, example: datetime, end: datetime) -> str:
    length = period(expiry.unit, required(expiry.count)) if expiry.unit else ""
    return format_html(template, period=length, example=_date(example), end=_date(end))


def _limits(badge: Definition, example: datetime) -> Iterator[str]:
    limits = badge.limits_at(example)
    if not limits:
        yield _("It has no limits: it can be issued any number of times.")
    for limit in limits:
        yield format_html(
            "{level}: {most}, {window}. {example}",
            level=limit.level.label,
            most=ngettext("at most %(count)s time", "at most %(count)s times", limit.max_earns)
            % {"count": group_digits(limit.max_earns)},
            window=window(limit),
            example=_example(limit, badge, example),
        )


def _example(limit: Limit, badge: Definition, example: datetime) -> str:
    match limit.kind:
        case LimitKind.FIXED_WINDOW:
            return _example_cycle(limit, badge, example)
        case LimitKind.ROLLING_WINDOW:
            end = shift(example, required(limit.unit), required(limit.length))
            template = _("What is issued on {example} counts until {end}.")
            return format_html(template, example=_date(example), end=_date(end))
        case LimitKind.FIXED_VALUE:
            return _after_the_last(limit.level)
        case _:
            assert_never(limit.kind)


def _after_the_last(level: LimitLevel) -> str:
    match level:
        case LimitLevel.BADGE:
            return _("After that it cannot be issued any more. Revoked badges do not count.")
        case LimitLevel.CUSTOMER:
            return _("Revoked badges do not count.")
        case _:
            assert_never(level)


def _example_cycle(limit: Limit, badge: Definition, example: datetime) -> str:
    since, until = limit.cycle(example, badge_starts_at=badge.starts_at)
    last_day = shift(until, Unit.DAYS, -1)
    if since == last_day:
        return _("The day is counted from 00:00 to 24:00 UTC.")
    template = _("The window of {example} goes from {since} to {last_day} (UTC).")
    with timezone.override(UTC):  # a window consists of whole days in UTC
        return format_html(
            template, example=_date(example), since=_date(since), last_day=_date(last_day)
        )
