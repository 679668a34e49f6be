"""What requests brought about: issues, enrolments, revocations and definitions, newest first."""

from dataclasses import dataclass, replace

from django.db.models import Model, Q, QuerySet

from badges.audit.filters import Filter, requests
from badges.audit.reading import PAGE_SIZE, Found, Place, Search, read
from badges.models import (
    BadgeRevision,
    EarnedBadge,
    Enrolment,
    Operation,
    RequestOutcome,
)
from badges.models.ids import GREATEST_CUSTOMER_ID, ID_LENGTH

# What is asked of the request that brought a row about.
OF_THE_REQUEST = ["request_id", "user_id", "integrator_id", "channel", "operation"]
# So many requests are looked up for a page that is asked for by them; most brought one row about.
REQUESTS_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Book:
    """One kind of rows: the model, what brings them about and when, and what is asked of them.

    `within` is the order of what one request brought about, and `by_badge` the first column of the
    key in whose order an index holds the rows of one badge.
    """

    model: type[Model]
    cause: str
    moment: str
    operations: tuple[Operation, ...]
    by_badge: str
    own: tuple[str, ...]
    within: tuple[str, ...] = ("customer_id", "pk")

    @property
    def key(self) -> tuple[str, ...]:
        return (f"{self.cause}_id", *self.within)

    def key_for(self, asked: Filter) -> tuple[str, ...]:
        """Return the key in whose order the rows of a filter are read."""
        return (self.by_badge, *self.within) if self._is_by_badge(asked) else self.key

    def read(
        self,
        asked: Filter,
        *,
        place: Place | None = None,
        newer: bool = False,
        size: int = PAGE_SIZE,
    ) -> Found:
        """Return the next rows that a filter lets pass, beyond a place."""
        if self._is_indirect(asked):
            return self._read_by_requests(asked, place, newer, size)
        return read(self.search(asked), place=place, newer=newer, size=size)

    def _is_by_badge(self, asked: Filter) -> bool:
        """Whether the rows of one badge are read, whoever has them and whatever asked for them."""
        is_few_or_indirect = self._driver(asked) or self._is_indirect(asked)
        return asked.badge_id is not None and not is_few_or_indirect

    def _is_indirect(self, asked: Filter) -> bool:
        """Whether the requests are asked first: a customer or one request has few rows anyway."""
        return bool(asked.of(*OF_THE_REQUEST)) and not self._driver(asked)

    def _driver(self, asked: Filter) -> dict:
        """Return the condition of the few rows that are asked for, if it has few."""
        if asked.number is not None:
            return {self.key[0]: asked.number}
        return asked.of("customer_id") if "customer_id" in self.own else {}

    def search(self, asked: Filter) -> Search:
        """Return the rows that a filter lets pass, for filters that ask the rows themselves."""
        key, driver = self.key_for(asked), self._driver(asked)
        if self._is_by_badge(asked):
            driver = asked.of("badge_id")
        of_the_request = asked.of(*OF_THE_REQUEST).items()
        matches = self._of_the_row(asked, but=driver)
        matches &= Q(**{f"{self.cause}__{column}": value for column, value in of_the_request})
        rows = self._rows().filter(**driver)
        if key[0] == self.moment:
            return Search(rows=rows.filter(asked.holds(self.moment)), key=key, matches=matches)
        ids = asked.ids(self.key[0])
        return Search(
            rows=rows.none() if ids is None else rows.filter(ids),
            key=key,
            matches=matches & asked.holds(self.moment),
        )

    def _read_by_requests(
        self, asked: Filter, place: Place | None, newer: bool, size: int
    ) -> Found:
        """Look the requests up first, then what they brought about."""
        causes = read(
            self._causes(asked),
            place=place and (place[0] - 1 if newer else place[0] + 1,),
            newer=newer,
            size=REQUESTS_AT_ONCE,
        )
        search = Search(
            rows=self._rows().filter(**{f"{self.key[0]}__in": causes.pks}),
            key=self.key,
            matches=self._of_the_row(asked),
        )
        found = read(search, place=place, newer=newer, size=size)
        if found.more or not causes.more:
            return found
        (last,) = causes.stopped_at or causes.keys[-1]
        return replace(found, more=True, stopped_at=(last, *self._edge(newer)))

    def _causes(self, asked: Filter) -> Search:
        """Return the requests that may have brought rows of a filter about."""
        plain = dict.fromkeys(("badge_id", "customer_id", "owner_type", "revoked", "code"))
        search = requests(replace(asked, **plain, outcome=RequestOutcome.ACCEPTED))
        matches = search.matches & Q(operation__in=self.operations)
        if asked.badge_id:  # a request for several badges names none
            matches &= Q(badge=asked.badge_id) | Q(badge__isnull=True)
        return replace(search, matches=matches)

    def _of_the_row(self, asked: Filter, but: dict | None = None) -> Q:
        wanted = asked.of(*self.own)
        condition = Q()
        if "revoked" in wanted:
            condition &= Q(revocation__isnull=not wanted.pop("revoked"))
        return condition & Q(**{name: wanted[name] for name in wanted if name not in (but or {})})

    def _rows(self) -> QuerySet:
        return self.model.objects.filter(**{f"{self.cause}__isnull": False})

    def _edge(self, newer: bool) -> Place:
        """Return the end of `within`, beyond which a request has no rows."""
        if self.model is BadgeRevision:
            return (GREATEST_CUSTOMER_ID if newer else 0,)
        return (GREATEST_CUSTOMER_ID, "f" * ID_LENGTH) if newer else (0, "0" * ID_LENGTH)


OF_FACTS = ("badge_id", "customer_id", "owner_type", "revoked")
ISSUED = Book(
    model=EarnedBadge,
    cause="request",
    moment="earned_at",
    operations=(Operation.EARN, Operation.EARN_BULK, Operation.IMPORT_EARNED),
    by_badge="earned_at",
    own=OF_FACTS,
)
ENROLMENTS = Book(
    model=Enrolment,
    cause="request",
    moment="enrolled_at",
    operations=(Operation.ENROL_BULK,),
    by_badge="enrolled_at",
    own=OF_FACTS,
)
REVOKED = Book(
    model=EarnedBadge,
    cause="revocation",
    moment="revoked_at",
    operations=(Operation.REVOKE_EARN,),
    by_badge="revocation_id",
    own=OF_FACTS,
)
REVOKED_ENROLMENTS = Book(
    model=Enrolment,
    cause="revocation",
    moment="revoked_at",
    operations=(Operation.REVOKE_ENROLMENT,),
    by_badge="revocation_id",
    own=OF_FACTS,
)
DEFINITIONS = Book(
    model=BadgeRevision,
    cause="request",
    moment="request__received_at",
    operations=(
        Operation.CREATE_BADGE,
        Operation.UPDATE_BADGE,
        Operation.ACTIVATE_BADGE,
        Operation.DEACTIVATE_BADGE,
        Operation.CLAIM,
        Operation.UNCLAIM,
    ),
    by_badge="request_id",
    own=("badge_id",),
    within=("pk",),
)
