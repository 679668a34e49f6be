"""Counts by day, as a chart shows them and as the table beside it."""

import json
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date

from badges.desk.numbers import grouped
from badges.models import Channel


@dataclass(frozen=True, kw_only=True)
class Series:
    """What one colour of a chart stands for; charts.css has the colours by their names."""

    key: Hashable
    label: str
    colour: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """How many there were of each series on some days, which are counted by day and key.

    `slug` is the id on the page; without any series, `nothing` is said instead.
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
        return [(each, grouped(sum(self._of(each)))) for each in self.series]

    @property
    def rows(self) -> list[tuple[date, list[str], str]]:
        """The days as a table, the latest one first."""
        return [
            (
                day,
                [grouped(self.counts[day, each.key]) for each in self.series],
                grouped(self.on(day)),
            )
            for day in reversed(self.days)
        ]

    @property
    def as_json(self) -> str:
        """The days as the chart reads them."""
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
    """Return the doors that something of these counts came through."""
    used = {key for _day, key in counts}
    return [
        Series(key=each.value, label=each.label, colour=each.value.lower())
        for each in Channel
        if each.value in used
    ]
