"""Moments: counted from 1970, and as all pages show them."""

from datetime import UTC, datetime, timedelta

from django.utils.html import format_html

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def as_time(moment):
    """Return the moment in UTC; desk.js shows it in the zone of the viewer, and UTC on hover."""
    if moment is None:
        return None
    moment = moment.astimezone(UTC).replace(tzinfo=None)
    return format_html(
        '<time datetime="{}Z" data-local class="whitespace-nowrap">{} UTC</time>',
        moment.isoformat(),
        moment.isoformat(" ", "seconds"),
    )
