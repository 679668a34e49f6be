"""Dates and times: the epoch, parsing, and the format on all pages."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import overload

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# A calendar date, or a date-time of RFC 3339 with an optional offset. Python accepts more: week
# dates, the basic format, any separator, offsets with seconds or with 99 minutes.
RFC_3339 = re.compile(
    "[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-5][0-9])?)?"
)
TIME_ELEMENT = '<time datetime="{iso}" title="{utc} UTC">{local}</time>'
FORMATS = {"datetime": "DATETIME_FORMAT", "date": "DATE_FORMAT"}
NEVER_EXPIRES = gettext_lazy("never expires")


def parse_datetime(text: str) -> datetime:
    """Return the datetime of a calendar date or RFC 3339 date-time; the default offset is UTC.

    Digits after the microseconds are dropped. Leap seconds are refused, because Python has none.
    Raises ValueError.
    """
    if not RFC_3339.fullmatch(text):
        raise ValueError("This is neither a calendar date nor a date-time of RFC 3339.")
    dt = datetime.fromisoformat(text.upper())
    try:
        return dt.astimezone(UTC) if dt.tzinfo else dt.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError("The datetime is outside of the years 1 to 9999.") from error


@overload
def time_element(dt: datetime, form: str = ...) -> SafeString: ...


@overload
def time_element(dt: datetime | None, form: str = ...) -> SafeString | None: ...


def time_element(dt: datetime | None, form: str = "datetime") -> SafeString | None:
    """Return a datetime as HTML, in the language and the current time zone, or None.

    The tooltip has the time in UTC. `form` is "datetime", or "date" for the day alone.
    """
    if dt is None:
        return None
    return _time_element(dt, form, get_language(), timezone.get_current_timezone())


@lru_cache(maxsize=2_000)  # the rows of a list share a few times
def _time_element(dt: datetime, form: str, language: str | None, zone: tzinfo) -> SafeString:
    dt = dt.astimezone(UTC)
    return format_html(
        TIME_ELEMENT,
        iso=f"{dt:%Y-%m-%dT%H:%M:%SZ}",
        utc=date_format(dt, "DATETIME_FORMAT"),
        local=date_format(dt.astimezone(zone), FORMATS[form]),
    )


def expiry_in_words(
    expires_at: datetime | None, never: bool, form: str = "datetime", *, after: str = ""
) -> str:
    """Return the end of an issued badge or an enrolment, or that it never expires.

    `after` are the words before a date in a sentence: "valid until".
    """
    if never:
        return str(NEVER_EXPIRES) if after else str(capfirst(NEVER_EXPIRES))
    end = time_element(expires_at, form) or ""
    return format_html("{} {}", after, end) if after else end
