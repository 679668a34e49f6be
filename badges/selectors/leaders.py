"""The badges and actors with the highest counts over some days, among any number of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from badges.models.querysets import ByDayQuerySet

# The rows that are examined of each day, and the days of one statement: about a thousand rows.
MOST_OF_A_DAY = 32
DAYS_AT_ONCE = 31


@dataclass(frozen=True, slots=True)
class Leaders:
    """Keys with the highest sums, the highest first.

    If `is_cut`, some day has more rows than were examined, so the sums of a key may be higher than
    they seem, and a key with moderate counts on every day may be missing.
    """

    keys: list[tuple[Any, ...]]
    is_cut: bool


def leaders(rows: ByDayQuerySet[Any], days: Sequence[date], *key: str, value: str) -> Leaders:
    """Return the keys of counts by day with the highest sums of a column over some days.

    The rows with the highest values of each day are read from an index by day and value.
    """
    ordered = (
        rows.filter(**{f"{value}__gt": 0}).order_by(f"-{value}").values_list("day", *key, value)
    )
    sums: Counter[tuple[Any, ...]] = Counter()
    examined: Counter[date] = Counter()
    for start in range(0, len(days), DAYS_AT_ONCE):
        for day, *parts, number in _first_of_days(ordered, days[start : start + DAYS_AT_ONCE]):
            sums[tuple(parts)] += number
            examined[day] += 1
    return Leaders(
        keys=sorted(sums, key=lambda found: (-sums[found], found)),
        is_cut=MOST_OF_A_DAY in examined.values(),
    )


def _first_of_days(
    ordered: QuerySet[Any, tuple[Any, ...]], days: Sequence[date]
) -> list[tuple[Any, ...]]:
    """Return the first rows of each day, all by one statement.

    A window function would read every row of the days. Django does not combine limited queries on
    SQLite, which accepts a limit only in a nested query.
    """
    parts = [ordered.filter(day=day)[:MOST_OF_A_DAY].query.sql_with_params() for day in days]
    statement = " UNION ALL ".join(
        f"SELECT * FROM ({text}) AS of_a_day"  # noqa: S608 - Django made the text
        for text, _values in parts
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for _text, values in parts for value in values])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
