"""What happened to one customer with one badge, newest first: who, through which door, and why."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from badges.desk.picker import Standing
from badges.errors import in_words
from badges.models import EarnedBadge, Enrolment, FactStatus, RefusedItem, RequestLog
from badges.models.ids import ID_LENGTH
from badges.moments import EPOCH, MICROSECOND

PAGE_SIZE = 50
PLACE = re.compile(r"(\d{1,17})\.([0-5])\.([0-9a-f]{1,24})", re.ASCII)

FACT_STANDINGS = {
    FactStatus.UPCOMING: Standing("info", "schedule", FactStatus.UPCOMING.label),
    FactStatus.ACTIVE: Standing("good", "check_circle", FactStatus.ACTIVE.label),
    FactStatus.EXPIRED: Standing("warn", "history", FactStatus.EXPIRED.label),
    FactStatus.REVOKED: Standing("off", "undo", FactStatus.REVOKED.label),
}


class Kind(IntEnum):
    """What can happen; of one moment the higher number came later."""

    ENROLLED = 0
    ISSUED = 1
    ENROLMENT_REVOKED = 2
    REVOKED = 3
    REFUSED = 4
    REFUSED_IN_BULK = 5


SHOWN_AS = {
    Kind.ENROLLED: Standing("info", "how_to_reg", _("Enrolled")),
    Kind.ISSUED: Standing("good", "workspace_premium", _("Issued")),
    Kind.ENROLMENT_REVOKED: Standing("off", "person_remove", _("Enrolment revoked")),
    Kind.REVOKED: Standing("off", "undo", _("Revoked")),
    Kind.REFUSED: Standing("warn", "block", _("Refused")),
    Kind.REFUSED_IN_BULK: Standing("warn", "block", _("Refused")),
}


@dataclass(frozen=True)
class Place:
    """Where an entry stands among all of them."""

    at: datetime
    kind: Kind
    ident: str

    def __str__(self):
        return f"{(self.at - EPOCH) // MICROSECOND}.{self.kind:d}.{self.ident}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """Return the place that a link names, or None for what is none."""
        found = PLACE.fullmatch(text)
        if found is None:
            return None
        microseconds, kind, ident = found.groups()
        return cls(EPOCH + int(microseconds) * MICROSECOND, Kind(int(kind)), ident)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened; a refusal has a code, everything else its fact."""

    place: Place
    request: RequestLog
    fact: EarnedBadge | Enrolment | None = None
    standing: Standing | None = None
    code: int | None = None
    message: str = ""

    @property
    def shown_as(self) -> Standing:
        return SHOWN_AS[self.place.kind]

    @property
    def is_issue(self) -> bool:
        return self.place.kind == Kind.ISSUED

    @property
    def has_receipt(self) -> bool:
        """Whether its request was accepted: all of these have one."""
        return self.place.kind != Kind.REFUSED

    @property
    def is_given(self) -> bool:
        """Whether the fact came into being here."""
        return self.place.kind in (Kind.ENROLLED, Kind.ISSUED)


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some entries, and the place of the next older one if there is any.

    `newest` says that there is nothing before them.
    """

    entries: list[Entry]
    older: Place | None
    newest: bool


def page_of(
    customer_id: int,
    badge_id: str,
    *,
    now: datetime,
    start: Place | None = None,
    holding: Place | None = None,
) -> Page:
    """Return the newest entries, or those from `start` on.

    When `holding` is given and not among the newest, the page begins with it.
    """
    places = _places(customer_id, badge_id, start)
    if holding is not None and holding not in places:
        start = holding
        places = _places(customer_id, badge_id, start)
    older = places[PAGE_SIZE] if len(places) > PAGE_SIZE else None
    entries = _entries(places[:PAGE_SIZE], now)
    return Page(entries=entries, older=older, newest=start is None)


def place_of(fact: EarnedBadge | Enrolment) -> Place:
    """Return where a fact came into being."""
    if isinstance(fact, Enrolment):
        return Place(fact.enrolled_at, Kind.ENROLLED, fact.pk)
    return Place(fact.earned_at, Kind.ISSUED, fact.pk)


def _places(customer_id: int, badge_id: str, start: Place | None) -> list[Place]:
    """Return one more than a page holds, in one query."""
    of_kinds = [
        _from(rows.annotate(at=F(column), kind=Value(kind.value), ident=_ident()), kind, start)
        for kind, (rows, column) in _sources(customer_id, badge_id).items()
    ]
    found = of_kinds[0].union(*of_kinds[1:], all=True).order_by("-at", "-kind", "-ident")
    return [Place(at, Kind(kind), ident) for at, kind, ident in found[: PAGE_SIZE + 1]]


def _sources(customer_id: int, badge_id: str) -> dict[Kind, tuple[QuerySet, str]]:
    enrolments = Enrolment.objects.of_customers(badge_id, [customer_id])
    earned = EarnedBadge.objects.of_customers(badge_id, [customer_id])
    refused = RequestLog.objects.refused().filter(customer_id=customer_id, badge=badge_id)
    items = RefusedItem.objects.filter(customer_id=customer_id, request__badge=badge_id)
    return {
        Kind.ENROLLED: (enrolments, "enrolled_at"),
        Kind.ISSUED: (earned, "earned_at"),
        Kind.ENROLMENT_REVOKED: (enrolments.filter(revoked_at__isnull=False), "revoked_at"),
        Kind.REVOKED: (earned.filter(revoked_at__isnull=False), "revoked_at"),
        Kind.REFUSED: (refused, "received_at"),
        Kind.REFUSED_IN_BULK: (items, "request__received_at"),
    }


def _ident():
    return Cast("pk", CharField(max_length=ID_LENGTH))


def _from(rows: QuerySet, kind: Kind, start: Place | None) -> QuerySet:
    """Leave out what came after `start`."""
    rows = rows.order_by()
    if start is not None and kind == start.kind:
        rows = rows.filter(Q(at__lt=start.at) | Q(at=start.at, ident__lte=start.ident))
    elif start is not None:
        rows = rows.filter(**{"at__lt" if kind > start.kind else "at__lte": start.at})
    return rows.values_list("at", "kind", "ident")


def _entries(places: list[Place], now: datetime) -> list[Entry]:
    """Return the entries of the places, read with one query for each table."""
    facts = {}
    for model, kinds in (
        (Enrolment, (Kind.ENROLLED, Kind.ENROLMENT_REVOKED)),
        (EarnedBadge, (Kind.ISSUED, Kind.REVOKED)),
    ):
        of_kinds = {place.ident for place in places if place.kind in kinds}
        read = model.objects.filter(pk__in=of_kinds) if of_kinds else model.objects.none()
        facts |= {fact.pk: fact for fact in read.select_related(*_actors("request", "revocation"))}
    requests = _by_number(RequestLog, Kind.REFUSED, places, "integrator", "user")
    items = _by_number(RefusedItem, Kind.REFUSED_IN_BULK, places, *_actors("request"))
    return [_entry(place, facts, requests, items, now) for place in places]


def _by_number(model, kind: Kind, places: list[Place], *related: str) -> dict:
    numbers = [int(place.ident) for place in places if place.kind == kind]
    return model.objects.select_related(*related).in_bulk(numbers) if numbers else {}


def _actors(*requests: str) -> list[str]:
    return [f"{request}__{actor}" for request in requests for actor in ("integrator", "user")]


def _entry(place: Place, facts: dict, requests: dict, items: dict, now: datetime) -> Entry:
    if place.kind == Kind.REFUSED:
        request = requests[int(place.ident)]
        recorded = request.errors[0].get("message", "") if request.errors else ""
        message = in_words(request.code, recorded)
        return Entry(place=place, request=request, code=request.code, message=message)
    if place.kind == Kind.REFUSED_IN_BULK:
        item = items[int(place.ident)]
        message = in_words(item.code, item.message)
        return Entry(place=place, request=item.request, code=item.code, message=message)
    fact = facts[place.ident]
    revoked = place.kind in (Kind.REVOKED, Kind.ENROLMENT_REVOKED)
    return Entry(
        place=place,
        request=fact.revocation if revoked else fact.request,
        fact=fact,
        standing=FACT_STANDINGS[fact.status(now)],
    )
