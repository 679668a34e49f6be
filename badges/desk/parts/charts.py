"""Counts by day or week, for a chart and for the table beside it."""

import json
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from badges.desk.parts.numbers import group_digits
from badges.models import Channel
from badges.models.values import start_of_day
from badges.time_zones import is_utc, zone_label

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DAY = timedelta(days=1)
# A longer period has a bar for each week.
MAX_DAILY_BARS = 45


@dataclass(frozen=True, kw_only=True)
class Series:
    """One series of a chart; charts.css defines the colours by their names."""

    key: Hashable
    label: "StrOrPromise"
    colour: str


@dataclass(frozen=True)
class Span:
    """Some days, from the first to the last one."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + after * DAY for after in range((self.last - self.first).days + 1)]

    @property
    def before(self) -> "Span":
        """The equally long span that ends the day before."""
        return Span(self.first - len(self.days) * DAY, self.first - DAY)

    @property
    def bars(self) -> "list[Span]":
        """The days, or the weeks from Monday if there are many days; the ends may be parts."""
        if not self.is_long:
            return [Span(day, day) for day in self.days]
        weeks: dict[date, Span] = {}
        for day in self.days:
            monday = day - day.weekday() * DAY
            weeks[monday] = Span(weeks.get(monday, Span(day, day)).first, day)
        return list(weeks.values())

    @property
    def is_long(self) -> bool:
        return len(self.days) > MAX_DAILY_BARS


@dataclass(frozen=True)
class Number:
    """A count, and the URL of the rows behind it; an empty one if there is no such list."""

    count: int
    url: str

    @property
    def text(self) -> str:
        return group_digits(self.count)


@dataclass(frozen=True)
class Row:
    """The counts of a span: one of each series, and their sum."""

    span: Span
    numbers: list[Number]
    total: Number


# Returns the URL of the rows that are counted in a span, of one series or, without key, of all.
LinkOf = Callable[[Span, Any], str]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The counts of each series on some days, by day and key.

    `slug` is the id on the page. `nothing` is the text that replaces a chart without series.
    `earlier` has the counts of the equally long period before, if the chart compares both.
    """

    slug: str
    icon: str
    title: str
    description: str
    note: str
    nothing: str
    days: list[date]
    series: list[Series]
    counts: Counter
    link: LinkOf
    earlier: Counter | None = None

    @property
    def period(self) -> Span:
        return Span(self.days[0], self.days[-1])

    @property
    def totals(self) -> list[tuple[Series, str]]:
        numbers = self.sum.numbers
        return [(each, number.text) for each, number in zip(self.series, numbers, strict=True)]

    @property
    def rows(self) -> list[Row]:
        """Return the bars as rows of the table, the latest one first."""
        return [self._row(span, self.counts) for span in reversed(self.period.bars)]

    @property
    def sum(self) -> Row:
        """Return the counts of the whole period."""
        return self._row(self.period, self.counts)

    @property
    def sum_before(self) -> Row | None:
        """Return the counts of the period before, or None if the chart does not compare."""
        return None if self.earlier is None else self._row(self.period.before, self.earlier)

    @property
    def change(self) -> str:
        """Return by how many percent the sum has changed, or an empty text if it was zero."""
        before = self.sum_before
        if before is None or not before.total.count:
            return ""
        percent = round(100 * (self.sum.total.count / before.total.count - 1))
        sign = "+" if percent > 0 else "−" if percent < 0 else "±"  # noqa: RUF001 - a minus sign
        return sign + group_digits(abs(percent))

    @property
    def as_json(self) -> str:
        """Return the bars as JSON for the script that draws the chart."""
        rows = [self._row(span, self.counts) for span in self.period.bars]
        series = [
            {
                "colour": each.colour,
                "label": str(each.label),
                "values": [row.numbers[index].count for row in rows],
                "links": [row.numbers[index].url for row in rows],
            }
            for index, each in enumerate(self.series)
        ]
        bars = [[str(row.span.first), str(row.span.last)] for row in rows]
        return json.dumps({"bars": bars, "series": series})

    def on(self, day: date) -> int:
        return self._row(Span(day, day), self.counts).total.count

    def _row(self, span: Span, counts: Counter) -> Row:
        numbers = [self._number(span, each.key, counts) for each in self.series]
        total = sum(number.count for number in numbers)
        return Row(span, numbers, Number(total, self.link(span, None) if total else ""))

    def _number(self, span: Span, key: Hashable, counts: Counter) -> Number:
        count = sum(counts[day, key] for day in span.days)
        return Number(count, self.link(span, key) if count else "")


def beginning_of_days() -> str:
    """Return the beginning of the counted days in words; they are days in UTC in every zone.

    The counts are stored by these days.
    """
    zone = timezone.get_current_timezone()
    if is_utc(zone):
        return _("A day begins at 00:00 UTC.")
    begins_at = start_of_day(timezone.now()).astimezone(zone)
    text = _("A day begins at 00:00 UTC, which is %(time)s %(zone)s.")
    return text % {"time": f"{begins_at:%H:%M}", "zone": zone_label(zone)}


def channels_of(counts: Counter) -> list[Series]:
    """Return a series for each channel that has a count."""
    used = {key for _day, key in counts}
    return [
        Series(key=each.value, label=each.label, colour=each.value.lower())
        for each in Channel
        if each.value in used
    ]
