"""Limits and expiries in words, with a date as an example."""

from collections.abc import Iterator
from datetime import datetime

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from badges.desk.numbers import grouped
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
from badges.models.values import shift


def window(limit: Limit) -> str:
    """Say when a limit counts: "in a calendar month"."""
    if limit.kind == LimitKind.FIXED_VALUE:
        return _("over the life of the badge")
    if limit.kind == LimitKind.ROLLING_WINDOW:
        return _("in the last %(period)s") % {"period": period(limit.unit, limit.length)}
    if limit.unit == Unit.MONTHS:
        return _("in a calendar month")
    if limit.unit == Unit.WEEKS:
        day = Weekday(limit.first_weekday or 0).label
        return _("in a week from %(day)s") % {"day": day}
    if limit.length == 1:
        return _("in one day")
    return _("in each %(period)s of the badge") % {"period": period(limit.unit, limit.length)}


def period(unit: Unit, count: int) -> str:
    """Say how long a number of units is: "3 months"."""
    words = {
        Unit.DAYS: ngettext("%(count)d day", "%(count)d days", count),
        Unit.WEEKS: ngettext("%(count)d week", "%(count)d weeks", count),
        Unit.MONTHS: ngettext("%(count)d month", "%(count)d months", count),
    }
    return words[unit] % {"count": count}


def meaning(badge: Definition, now: datetime) -> list[str]:
    """Say what the expiries and limits of a badge mean, one sentence each."""
    example = min(max(now, badge.starts_at), badge.expires_at)
    sentences = []
    if badge.enrolment_expiry:
        sentences.append(_enrolment(badge, example))
    sentences.append(_earned(badge, example))
    sentences += list(_limits(badge, example))
    return sentences


def _earned(badge: Definition, example: datetime) -> str:
    expiry = badge.earned_expiry
    if expiry.kind == ExpiryKind.NEVER:
        return _("An issued badge never expires.")
    if expiry.kind == ExpiryKind.RELATIVE:
        template = _(
            "An issued badge expires after {period}: issued on {example}, it ends on {end}."
        )
    elif expiry.kind == ExpiryKind.WITH_BADGE:
        template = _("An issued badge expires together with the badge: on {end}.")
    else:
        template = _("An issued badge expires on {end}, whenever it was issued.")
    return _with_dates(template, expiry, example, badge.earned_badge_ends(example))


def _enrolment(badge: Definition, example: datetime) -> str:
    expiry = badge.enrolment_expiry
    if expiry.kind == ExpiryKind.NEVER:
        return _("Customers are enrolled first; an enrolment never expires.")
    if expiry.kind == ExpiryKind.RELATIVE:
        template = _(
            "Customers are enrolled first; an enrolment expires after {period}: "
            "begun on {example}, it ends on {end}."
        )
    elif expiry.kind == ExpiryKind.WITH_BADGE:
        template = _("Customers are enrolled first; enrolments expire with the badge: on {end}.")
    else:
        template = _("Customers are enrolled first; every enrolment expires on {end}.")
    return _with_dates(template, expiry, example, badge.enrolment_ends(example))


def _with_dates(template: str, expiry: Expiry, example: datetime, end: datetime) -> str:
    length = period(expiry.unit, expiry.count) if expiry.unit else ""
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
            % {"count": grouped(limit.max_earns)},
            window=window(limit),
            example=_example(limit, badge, example),
        )


def _example(limit: Limit, badge: Definition, example: datetime) -> str:
    if limit.kind == LimitKind.FIXED_WINDOW:
        since, until = limit.cycle(example, badge_starts_at=badge.starts_at)
        last_day = shift(until, Unit.DAYS, -1)
        if since == last_day:
            return _("The day is counted from 00:00 to 24:00 UTC.")
        template = _("The window of {example} goes from {since} to {last_day}.")
        return format_html(
            template, example=_date(example), since=_date(since), last_day=_date(last_day)
        )
    if limit.kind == LimitKind.ROLLING_WINDOW:
        end = shift(example, limit.unit, limit.length)
        template = _("What is issued on {example} counts until {end}.")
        return format_html(template, example=_date(example), end=_date(end))
    if limit.level == LimitLevel.BADGE:
        return _("After that nobody gets it any more; revoked ones do not count.")
    return _("Revoked ones do not count.")


def _date(moment: datetime) -> str:
    return SafeString(render_to_string("desk/_date.html", {"moment": moment}).strip())
