"""Rows that requests caused: issues, enrolments, revocations and definitions, newest first."""

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Model, Q, QuerySet

from badges.audit.filters import Filter, requests
from badges.audit.reading import PAGE_SIZE, Cursor, Found, Search, read
from badges.models import (
    BadgeRevision,
    EarnedBadge,
    Enrolment,
    Operation,
    RequestOutcome,
)
from badges.models.ids import ID_LENGTH, MAX_CUSTOMER_ID

# The columns to filter by of the request that caused a row.
REQUEST_COLUMNS = ["request_id", "user_id", "integrator_id", "channel", "operation"]
# The number of requests in one batch of `_read_by_requests`; most requests caused one row.
REQUEST_BATCH_SIZE = 100


@dataclass(frozen=True, kw_only=True)
class LedgerQuery:
    """The query for one kind of row: its model, its cause and time, and its columns to filter by.

    `order_in_request` is the order of the rows that one request caused. `by_badge` is the first
    column of the key in whose order an index contains the rows of one badge. `by_customer` is the
    key in whose order an index contains all rows by customer, if there is such an index.
    """

    model: type[Model]
    cause: str
    time_column: str
    operations: tuple[Operation, ...]
    by_badge: str
    own_columns: tuple[str, ...]
    order_in_request: tuple[str, ...] = ("customer_id", "pk")
    by_customer: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        return (f"{self.cause}_id", *self.order_in_request)

    def key_for(self, filters: Filter) -> tuple[str, ...]:
        """Return the key that orders the rows of a filter."""
        return (self.by_badge, *self.order_in_request) if self._is_by_badge(filters) else self.key

    def read(
        self,
        filters: Filter,
        *,
        cursor: Cursor | None = None,
        newer: bool = False,
        size: int = PAGE_SIZE,
    ) -> Found:
        """Return the next rows that match a filter, beyond a cursor."""
        if self._is_indirect(filters):
            return self._read_by_requests(filters, cursor, newer, size)
        return read(self.search(filters), cursor=cursor, newer=newer, size=size)

    def read_by_customer(
        self, *, cursor: Cursor | None = None, newer: bool = False, size: int = PAGE_SIZE
    ) -> Found:
        """Return the next of all rows in the order of `by_customer`, beyond a cursor.

        No index contains the rows of a filter in this order.
        """
        search = Search(rows=self._rows(), key=self.by_customer)
        return read(search, cursor=cursor, newer=newer, size=size)

    def _is_by_badge(self, filters: Filter) -> bool:
        """Return whether to read all rows of one badge, for any customer and any request."""
        has_other_driver = self._driver(filters) or self._is_indirect(filters)
        return filters.badge_id is not None and not has_other_driver

    def _is_indirect(self, filters: Filter) -> bool:
        """Return whether to query requests first; one customer or request has few rows anyway."""
        return bool(filters.of(*REQUEST_COLUMNS)) and not self._driver(filters)

    def _driver(self, filters: Filter) -> dict[str, Any]:
        """Return the condition for chosen rows, one request or one customer, if there is any.

        Few rows match such a condition.
        """
        if filters.pks is not None:
            return {"pk__in": filters.pks}
        if filters.number is not None:
            return {self.key[0]: filters.number}
        return filters.of("customer_id") if "customer_id" in self.own_columns else {}

    def search(self, filters: Filter) -> Search:
        """Return a search for the rows that match a filter, without querying requests first."""
        key, driver = self.key_for(filters), self._driver(filters)
        if self._is_by_badge(filters):
            driver = filters.of("badge_id")
        request_conditions = filters.of(*REQUEST_COLUMNS).items()
        matches = self._row_conditions(filters, excluded=driver)
        matches &= Q(**{f"{self.cause}__{column}": value for column, value in request_conditions})
        rows = self._rows().filter(**driver)
        if key[0] == self.time_column:
            return Search(
                rows=rows.filter(filters.condition(self.time_column)), key=key, matches=matches
            )
        ids = filters.ids(self.key[0])
        return Search(
            rows=rows.none() if ids is None else rows.filter(ids),
            key=key,
            matches=matches & filters.condition(self.time_column),
        )

    def _read_by_requests(
        self, filters: Filter, cursor: Cursor | None, newer: bool, size: int
    ) -> Found:
        """Query the requests first, then the rows that they caused."""
        causes = read(
            self._causes(filters),
            cursor=cursor and (cursor[0] - 1 if newer else cursor[0] + 1,),
            newer=newer,
            size=REQUEST_BATCH_SIZE,
        )
        search = Search(
            rows=self._rows().filter(**{f"{self.key[0]}__in": causes.pks}),
            key=self.key,
            matches=self._row_conditions(filters),
        )
        page = read(search, cursor=cursor, newer=newer, size=size)
        if page.more or not causes.more:
            return page
        (last,) = causes.stopped_at or causes.keys[-1]
        return replace(page, more=True, stopped_at=(last, *self._edge(newer)))

    def _causes(self, filters: Filter) -> Search:
        """Return a search for the requests that may have caused rows of a filter."""
        cleared = dict.fromkeys(("badge_id", "customer_id", "owner_type", "revoked", "code"))
        search = requests(replace(filters, **cleared, outcome=RequestOutcome.ACCEPTED))
        matches = search.matches & Q(operation__in=self.operations)
        if filters.badge_id:  # a request for several badges names none
            matches &= Q(badge=filters.badge_id) | Q(badge__isnull=True)
        return replace(search, matches=matches)

    def _row_conditions(self, filters: Filter, excluded: dict[str, Any] | None = None) -> Q:
        conditions = filters.of(*self.own_columns)
        condition = Q()
        if "revoked" in conditions:
            condition &= Q(revocation__isnull=not conditions.pop("revoked"))
        names = [name for name in conditions if name not in (excluded or {})]
        return condition & Q(**{name: conditions[name] for name in names})

    def _rows(self) -> QuerySet[Model]:
        return self.model._default_manager.filter(**{f"{self.cause}__isnull": False})

    def _edge(self, newer: bool) -> Cursor:
        """Return the end of `order_in_request`, beyond which a request has no rows."""
        if self.model is BadgeRevision:
            return (MAX_CUSTOMER_ID if newer else 0,)
        return (MAX_CUSTOMER_ID, "f" * ID_LENGTH) if newer else (0, "0" * ID_LENGTH)


BY_CUSTOMER = ("customer_id", "badge_id", "event_at", "pk")
FACT_COLUMNS = ("badge_id", "customer_id", "owner_type", "revoked")
ISSUED = LedgerQuery(
    model=EarnedBadge,
    cause="request",
    time_column="earned_at",
    operations=tuple(Operation.issuing()),
    by_badge="earned_at",
    own_columns=FACT_COLUMNS,
    by_customer=BY_CUSTOMER,
)
ENROLMENTS = LedgerQuery(
    model=Enrolment,
    cause="request",
    time_column="enrolled_at",
    operations=(Operation.ENROL_BULK,),
    by_badge="enrolled_at",
    own_columns=FACT_COLUMNS,
    by_customer=BY_CUSTOMER,
)
REVOKED = LedgerQuery(
    model=EarnedBadge,
    cause="revocation",
    time_column="revoked_at",
    operations=(Operation.REVOKE_EARN,),
    by_badge="revocation_id",
    own_columns=FACT_COLUMNS,
)
REVOKED_ENROLMENTS = LedgerQuery(
    model=Enrolment,
    cause="revocation",
    time_column="revoked_at",
    operations=(Operation.REVOKE_ENROLMENT,),
    by_badge="revocation_id",
    own_columns=FACT_COLUMNS,
)
DEFINITIONS = LedgerQuery(
    model=BadgeRevision,
    cause="request",
    time_column="request__received_at",
    operations=(
        Operation.CREATE_BADGE,
        Operation.UPDATE_BADGE,
        Operation.ACTIVATE_BADGE,
        Operation.DEACTIVATE_BADGE,
        Operation.CLAIM,
        Operation.UNCLAIM,
    ),
    by_badge="request_id",
    own_columns=("badge_id",),
    order_in_request=("pk",),
)
