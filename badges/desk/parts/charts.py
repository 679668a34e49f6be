"""Counts by day, for a chart and for the table beside it."""

import json
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from badges.desk.parts.numbers import group_digits
from badges.models import Channel

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, kw_only=True)
class Series:
    """One series of a chart; charts.css defines the colours by their names."""

    key: Hashable
    label: "StrOrPromise"
    colour: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The counts of each series on some days, by day and key.

    `slug` is the id on the page. `nothing` is the text that replaces a chart without series.
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

    @property
    def totals(self) -> list[tuple[Series, str]]:
        return [(each, group_digits(sum(self._of(each)))) for each in self.series]

    @property
    def rows(self) -> list[tuple[date, list[str], str]]:
        """Return the days as rows of the table, the latest one first."""
        return [
            (
                day,
                [group_digits(self.counts[day, each.key]) for each in self.series],
                group_digits(self.on(day)),
            )
            for day in reversed(self.days)
        ]

    @property
    def as_json(self) -> str:
        """Return the days as JSON for the script that draws the chart."""
        series = [
            {"colour": each.colour, "label": str(each.label), "values": self._of(each)}
            for each in self.series
        ]
        return json.dumps({"days": [str(day) for day in self.days], "series": series})

    def on(self, day: date) -> int:
        return sum(self.counts[day, each.key] for each in self.series)

    def _of(self, series: Series) -> list[int]:
        return [self.counts[day, series.key] for day in self.days]


def channels_of(counts: Counter) -> list[Series]:
    """Return a series for each channel that has a count."""
    used = {key for _day, key in counts}
    return [
        Series(key=each.value, label=each.label, colour=each.value.lower())
        for each in Channel
        if each.value in used
    ]
