"""Form fields for the period of a filter, which names the time zone that it was typed in.

A query string thus means the same period to every viewer, in any zone: in a saved view, in a link
to a colleague, and in an export.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from badges.desk.parts.forms import EARLIEST
from badges.time_fields import LocalDateTimeField
from badges.time_zones import is_time_zone, local_time, start_of_local_day, zone_of

LATEST = datetime(2200, 1, 1, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


class PeriodField(LocalDateTimeField):
    """A time, or a day, of a zone; the end of a period includes its whole minute, or whole day.

    `zone` is the zone of the text that is cleaned. The input shows the time in the current zone.
    """

    zone: tzinfo = UTC

    def __init__(self, *, is_end: bool = False, **kwargs):
        self.is_end = is_end
        out_of_range = _("The year must lie between 1900 and 2199.")
        super().__init__(
            required=False,
            validators=[
                MinValueValidator(EARLIEST, message=out_of_range),
                MaxValueValidator(LATEST, message=out_of_range),
            ],
            **kwargs,
        )

    def to_python(self, value):
        if day := _day_of(value):
            return start_of_local_day(day, self.zone)
        with timezone.override(self.zone):
            return super().to_python(value)

    def clean(self, value):
        dt = super().clean(value)
        if dt is None or not self.is_end:
            return dt and dt.astimezone(UTC)
        return self._end(value, dt)

    def prepare_value(self, value):
        """Return a local time that the input can show; a day as its first or last minute."""
        try:
            dt = self.to_python(value)
            if dt is not None and self.is_end and _day_of(value):
                dt = self._end(value, dt) - MINUTE
            return dt and local_time(dt)
        except (ValidationError, OverflowError):
            return value

    def _end(self, value, dt: datetime) -> datetime:
        """Return the first time after the minute or the day of a value; a day may have 23 hours."""
        if day := _day_of(value):
            return start_of_local_day(day + DAY, self.zone)
        return dt.astimezone(UTC) + MINUTE


class ZoneField(forms.CharField):
    """The zone of the times in a query string; without it, they are in UTC.

    The input has the current zone, in which the inputs of the period show their times.
    """

    def __init__(self):
        super().__init__(required=False, max_length=64, widget=forms.HiddenInput)

    def clean(self, value) -> str:
        name = super().clean(value)
        if name and not is_time_zone(name):
            raise ValidationError(_("This time zone is not known."))
        return name

    def bound_data(self, data, initial):
        return timezone.get_current_timezone_name()


def zone_in(data) -> tzinfo:
    """Return the zone that the data of a form name."""
    name = data.get("zone", "")
    return zone_of(name) if is_time_zone(name) else UTC


def _day_of(value) -> date | None:
    """Return the day that a text consists of; None for a time, and for any other text."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        return parse_date(text) if len(text) == len("2026-01-01") else None
    except ValueError:
        return None
