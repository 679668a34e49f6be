"""Periods that a user chooses by name, such as last week, in days of the current time zone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, assert_never

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from badges.time_zones import start_of_local_day

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DAY = timedelta(days=1)


class Preset(TextChoices):
    """A period that ends today or earlier; a week begins on Monday."""

    TODAY = "today", _("Today")
    YESTERDAY = "yesterday", _("Yesterday")
    LAST_7_DAYS = "last-7-days", _("Last 7 days")
    THIS_WEEK = "this-week", _("This week")
    LAST_WEEK = "last-week", _("Last week")
    THIS_MONTH = "this-month", _("This month")
    LAST_MONTH = "last-month", _("Last month")

    def days(self, today: date) -> tuple[date, date]:
        """Return the first and the last day of the period, both inclusive."""
        monday, first = today - today.weekday() * DAY, today.replace(day=1)
        match self:
            case Preset.TODAY:
                return today, today
            case Preset.YESTERDAY:
                return today - DAY, today - DAY
            case Preset.LAST_7_DAYS:
                return today - 6 * DAY, today
            case Preset.THIS_WEEK:
                return monday, today
            case Preset.LAST_WEEK:
                return monday - 7 * DAY, monday - DAY
            case Preset.THIS_MONTH:
                return first, today
            case Preset.LAST_MONTH:
                last = first - DAY
                return last.replace(day=1), last
            case _:
                assert_never(self)

    def bounds(self, today: date) -> tuple[datetime, datetime]:
        """Return the beginning and the end of the period in the current time zone."""
        first, last = self.days(today)
        return start_of_local_day(first), start_of_local_day(last + DAY)


@dataclass(frozen=True)
class PresetLink:
    """A link that shows a period; `chosen` if it is the current one."""

    label: "StrOrPromise"
    url: str
    chosen: bool = False


def preset_links(chosen: str, url_of: Callable[[str], str]) -> list[PresetLink]:
    """Return the links to all periods; `url_of` returns the URL for the name of a period."""
    return [PresetLink(each.label, url_of(each), each == chosen) for each in Preset]
