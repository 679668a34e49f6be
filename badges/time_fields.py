"""Form fields for times, which users type as local times of the current time zone."""

from datetime import UTC, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from badges.time_zones import NonexistentTimeError, local_time, utc_of, zone_label

NONEXISTENT = _("This time does not exist in %(zone)s: the clocks are set forward then.")


class LocalDateTimeInput(forms.DateTimeInput):
    """An input for a local time, to the second if the value has seconds."""

    input_type = "datetime-local"

    def format_value(self, value):
        if not isinstance(value, datetime):
            return value
        return f"{value:%Y-%m-%dT%H:%M:%S}" if value.second else f"{value:%Y-%m-%dT%H:%M}"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        if isinstance(value, datetime) and value.second:
            context["widget"]["attrs"]["step"] = 1
        return context


class LocalDateTimeField(forms.DateTimeField):
    """A time of the current zone; of a time that the clocks show twice, the first one.

    A text with an offset is read with that offset.
    """

    widget = LocalDateTimeInput

    def to_python(self, value):
        with timezone.override(UTC):  # a text without an offset is read as it is written
            dt = super().to_python(value)
        return dt if dt is None or _has_offset(value) else from_local(dt)

    def has_changed(self, initial, data):
        """Return whether another local time was typed than the one that is shown for `initial`.

        The second one of two equal local times is thus unchanged, although its text is read as the
        first one.
        """
        if not super().has_changed(initial, data):
            return False
        if not isinstance(initial, datetime) or not timezone.is_aware(initial):
            return True
        try:
            typed = self.to_python(data)
        except ValidationError:
            return True
        return typed is None or local_time(typed) != local_time(initial)


class LocalSplitDateTimeField(forms.SplitDateTimeField):
    """A time of the current zone in two inputs, as in the admin."""

    def compress(self, data_list):
        with timezone.override(UTC):
            dt = super().compress(data_list)
        return dt and from_local(dt)


def from_local(dt: datetime) -> datetime:
    """Return the UTC time of the local time that a datetime shows, without regard to its zone.

    Raises ValidationError if the clocks of the current zone never show that time.
    """
    try:
        return utc_of(dt.replace(tzinfo=None), timezone.get_current_timezone())
    except NonexistentTimeError as error:
        raise ValidationError(
            NONEXISTENT, code="nonexistent", params={"zone": zone_label()}
        ) from error


def _has_offset(value) -> bool:
    """Return whether a valid value is an aware datetime, or a text with an offset."""
    dt = value if isinstance(value, datetime) else parse_datetime(str(value).strip())
    return dt is not None and timezone.is_aware(dt)
