"""What auditors ask for, typed, and the requests it lets pass: one value for all that reads them.

The log is read along its key. What few rows have in common is held by an index in that order, the
`driver`; everything else that is asked is asked of each row.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db.models import Max, Min, Q

from badges.audit.reading import Search
from badges.models import Operation, RequestLog
from badges.models.requests import USUAL

# The columns that have an index of their own, the one with the fewest rows for a value first.
RAREST_FIRST = [
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
# Of all operations those that change something (`Operation.changing`), which are what is counted.
CHANGES = "CHANGES"
# So many requests, received later, may be recorded before one.
OVERTAKING = 1_000


@dataclass(frozen=True, kw_only=True)
class Period:
    """A time, in which requests were received: `since` is part of it, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, column: str) -> Q:
        """Return the condition that a moment lies in it."""
        condition = Q()
        if self.since:
            condition &= Q(**{f"{column}__gte": self.since})
        if self.until:
            condition &= Q(**{f"{column}__lt": self.until})
        return condition

    def ids(self, column: str = "pk") -> Q | None:
        """Return the condition that a request's id can lie in it, None when no id does.

        Ids follow the time but for requests that were under way together. A request in the period
        is left out only when a thousand others overtook it, whatever their pace.
        """
        condition, log = Q(), RequestLog.objects
        if self.since:
            later = log.filter(received_at__gte=self.since).order_by("received_at", "pk")
            first = later[:OVERTAKING].aggregate(first=Min("pk"))["first"]
            if first is None:
                return None
            condition &= Q(**{f"{column}__gte": first})
        if self.until:
            earlier = log.filter(received_at__lt=self.until).order_by("-received_at", "-pk")
            last = earlier[:OVERTAKING].aggregate(last=Max("pk"))["last"]
            if last is None:
                return None
            condition &= Q(**{f"{column}__lte": last})
        return condition


@dataclass(frozen=True, kw_only=True)
class Filter(Period):
    """What rows of a ledger must have; None asks for nothing.

    `number` is the key of one request in the log. What requests do not have, `owner_type` and
    `revoked`, is asked of facts alone, and `outcome` and `code` of requests.
    """

    number: int | None = None
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

    def of(self, *columns: str) -> dict:
        """Return those of the columns that are asked for, with their values."""
        return {
            name: each
            for name, each in asdict(self).items()
            if name in columns and each is not None
        }


def requests(asked: Filter) -> Search:
    """Return the requests that a filter lets pass, newest first."""
    wanted = {"pk": asked.number} if asked.number is not None else {}
    wanted |= asked.of(*RAREST_FIRST)
    rows, more = RequestLog.objects.all(), Q()
    if wanted.get("operation") == CHANGES:
        del wanted["operation"]
        more = Q(operation__in=Operation.changing())
    driver = next((column for column in RAREST_FIRST if _is_held(column, wanted)), None)
    if driver:
        rows = rows.filter(**{driver: wanted.pop(driver)})
    ids = asked.ids()
    return Search(
        rows=rows.none() if ids is None else rows.filter(ids),
        key=("pk",),
        matches=Q(**wanted) & more & asked.holds("received_at"),
    )


def _is_held(column: str, wanted: dict) -> bool:
    """Whether an index holds what is wanted of a column."""
    return column in wanted and wanted[column] != USUAL.get(column)
