"""Time zones: their names, the local times of the current one, and the UTC times behind them.

Pages show and take the local times of the viewer's zone, which a middleware activates. Everything
else, such as the database, the API and the rules, uses UTC.
"""

from datetime import UTC, date, datetime, time, tzinfo
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

UTC_NAMES = ("UTC", "Etc/UTC")
# Other parts of the database are aliases, such as "US/Pacific", and fixed offsets.
REGIONS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
)


class NonexistentTimeError(ValueError):
    """A local time that the clocks skip, or that is outside of the years 1 to 9999."""


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones of this machine."""
    return frozenset({"UTC"} | available_timezones())


def is_time_zone(name: str) -> bool:
    """Return whether the name is that of a time zone, in its exact spelling."""
    return name in known_zones()


def zone_of(name: str) -> tzinfo:
    """Return the zone that a person has chosen; without a valid choice, the organisation's."""
    return ZoneInfo(name) if is_time_zone(name) else timezone.get_default_timezone()


def is_utc(zone: tzinfo) -> bool:
    return str(zone) in UTC_NAMES


def zone_label(zone: tzinfo | None = None) -> str:
    """Return the name of a zone, or of the current one, for a label: "New York time"."""
    name = str(zone or timezone.get_current_timezone())
    if name in UTC_NAMES:
        return "UTC"
    return _("%(place)s time") % {"place": place_of(name)}


lazy_zone_label = lazy(zone_label, str)


def place_of(name: str) -> str:
    """Return the place after which a zone is named: "New York" for "America/New_York"."""
    return name.rpartition("/")[2].replace("_", " ")


def in_zone(label: "StrOrPromise") -> "StrOrPromise":
    """Return a label of a field with the name of the zone in which the page is shown."""
    return format_lazy("{} ({})", label, lazy_zone_label())


def zone_of_input() -> dict[str, str]:
    """Return the zone in which times were typed, for the content of a request in the log."""
    zone = timezone.get_current_timezone()
    return {} if is_utc(zone) else {"times_typed_in": str(zone)}


def utc_of(local: datetime, zone: tzinfo) -> datetime:
    """Return the UTC time of a naive local time.

    The clocks show a time twice when they are set back; the first one is meant. Raises
    NonexistentTimeError.
    """
    try:
        dt = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
        exists = dt.astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(fold=0)
    except OverflowError:
        exists = False
    if not exists:
        raise NonexistentTimeError
    return dt


def local_time(dt: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the naive local time of a datetime, in the current zone by default."""
    zone = zone or timezone.get_current_timezone()
    return dt.astimezone(zone).replace(tzinfo=None, fold=0)


def start_of_local_day(day: date, zone: tzinfo | None = None) -> datetime:
    """Return the UTC time at which a day begins, in the current zone by default.

    A day whose first hour the clocks skip begins later than at 00:00.
    """
    zone = zone or timezone.get_current_timezone()
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
