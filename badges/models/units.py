"""The properties of the units of time, in one table.

.github/CONTRIBUTING.md lists the other places that a new unit needs.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import ngettext

from badges.models.choices import Unit

# The longest relative expiry in any unit, so that no date exceeds the last year.
MAX_PERIOD = 32_767


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTraits:
    """The properties of a unit of time.

    A unit has a length in `days` or, if it follows the calendar, in `months`. `max_length` is the
    longest window in this unit, about 100 years. A fixed window `repeats` if it may span several
    units; one that `starts_on_weekday` has a configurable first day. `alias` is another name of the
    unit in the API. `period` returns a number of units in words.
    """

    days: int = 0
    months: int = 0
    max_length: int
    repeats: bool
    starts_on_weekday: bool
    alias: str
    period: Callable[[int], str]


UNITS: dict[Unit, UnitTraits] = {
    Unit.DAYS: UnitTraits(
        days=1,
        max_length=32_767,
        repeats=True,
        starts_on_weekday=False,
        alias="DAILY",
        period=lambda count: ngettext("%(count)d day", "%(count)d days", count) % {"count": count},
    ),
    Unit.WEEKS: UnitTraits(
        days=7,
        max_length=5_200,
        repeats=False,
        starts_on_weekday=True,
        alias="WEEKLY",
        period=lambda count: (
            ngettext("%(count)d week", "%(count)d weeks", count) % {"count": count}
        ),
    ),
    Unit.MONTHS: UnitTraits(
        months=1,
        max_length=1_200,
        repeats=False,
        starts_on_weekday=False,
        alias="MONTHLY",
        period=lambda count: (
            ngettext("%(count)d month", "%(count)d months", count) % {"count": count}
        ),
    ),
}


def single_units() -> list[Unit]:
    """Return the units of which a fixed window spans exactly one."""
    return [unit for unit, traits in UNITS.items() if not traits.repeats]
