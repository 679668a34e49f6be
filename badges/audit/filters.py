"""Typed filters of auditors, shared by all readers, and the query for matching requests.

The log is read in the order of its key. The most selective condition, the `driver`, uses an index
in this order; the others are checked for each row.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Min, Q

from badges.audit.reading import Search
from badges.models import Operation, RequestLog
from badges.models.requests import COMMON_VALUES

# The columns that have an index of their own, the most selective first.
MOST_SELECTIVE_FIRST = [
    "pk",
    "request_id",
    "customer_id",
    "code",
    "user_id",
    "operation",
    "channel",
    "outcome",
    "badge_id",
    "integrator_id",
]
# Stands for the operations that change something (`Operation.changing`); only these are counted.
CHANGES = "CHANGES"
# The maximum number of later requests that may be recorded before an earlier one.
MAX_REORDERING = 1_000


@dataclass(frozen=True, kw_only=True)
class Period:
    """A period in which requests were received, including `since` and excluding `until`."""

    since: datetime | None = None
    until: datetime | None = None

    def condition(self, column: str) -> Q:
        """Return the condition that a datetime column lies in the period."""
        condition = Q()
        if self.since:
            condition &= Q(**{f"{column}__gte": self.since})
        if self.until:
            condition &= Q(**{f"{column}__lt": self.until})
        return condition

    def ids(self, column: str = "pk") -> Q | None:
        """Return the condition that a request's id can lie in the period, or None if no id can.

        Ids are in chronological order, except for concurrent requests. A request in the period is
        missed only if a thousand later requests were recorded before it, regardless of their rate.
        """
        condition, log = Q(), RequestLog.objects
        if self.since:
            later = log.filter(received_at__gte=self.since).order_by("received_at", "pk")
            first = later[:MAX_REORDERING].aggregate(first=Min("pk"))["first"]
            if first is None:
                return None
            condition &= Q(**{f"{column}__gte": first})
        if self.until:
            earlier = log.filter(received_at__lt=self.until).order_by("-received_at", "-pk")
            last = earlier[:MAX_REORDERING].aggregate(last=Max("pk"))["last"]
            if last is None:
                return None
            condition &= Q(**{f"{column}__lte": last})
        return condition


@dataclass(frozen=True, kw_only=True)
class Filter(Period):
    """The conditions for rows of a ledger; None means no condition.

    `number` is the key of one request in the log; `pks` are the keys of chosen rows. `owner_type`
    and `revoked` apply only to facts, because requests do not have them; `outcome` and `code` apply
    only to requests.
    """

    number: int | None = None
    pks: tuple[int | str, ...] | None = None
    request_id: str | None = None
    customer_id: int | None = None
    badge_id: str | None = None
    user_id: int | None = None
    integrator_id: int | None = None
    channel: str | None = None
    operation: str | None = None
    outcome: str | None = None
    code: int | None = None
    owner_type: str | None = None
    revoked: bool | None = None

    def of(self, *columns: str) -> dict[str, Any]:
        """Return the conditions for these columns, as a mapping of columns to values."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name in columns and value is not None
        }


def requests(filters: Filter) -> Search:
    """Return a search for the requests that match a filter, newest first."""
    conditions: dict[str, Any] = {"pk": filters.number} if filters.number is not None else {}
    conditions |= filters.of(*MOST_SELECTIVE_FIRST)
    rows, changing = RequestLog.objects.all(), Q()
    if conditions.get("operation") == CHANGES:
        del conditions["operation"]
        changing = Q(operation__in=Operation.changing())
    driver = next(
        (column for column in MOST_SELECTIVE_FIRST if _is_selective(column, conditions)), None
    )
    if driver:
        rows = rows.filter(**{driver: conditions.pop(driver)})
    if filters.pks is not None:
        rows = rows.filter(pk__in=filters.pks)
    ids = filters.ids()
    return Search(
        rows=rows.none() if ids is None else rows.filter(ids),
        key=("pk",),
        matches=Q(**conditions) & changing & filters.condition("received_at"),
    )


def _is_selective(column: str, conditions: dict[str, Any]) -> bool:
    """Return whether an index contains the rows with the wanted value of a column."""
    return column in conditions and conditions[column] != COMMON_VALUES.get(column)
