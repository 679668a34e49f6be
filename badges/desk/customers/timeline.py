"""The timeline of a customer, of one badge or of all, newest first, with actors and reasons."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from badges.desk.parts.picker import Pill
from badges.errors import in_words
from badges.models import BadgeMeta, EarnedBadge, Enrolment, FactStatus, RefusedItem, RequestLog
from badges.models.ids import ID_LENGTH
from badges.paging import count_rows, is_cut
from badges.times import EPOCH, MICROSECOND

PAGE_SIZE = 50
CURSOR = re.compile(r"(\d{1,17})\.([0-5])\.([0-9a-f]{1,24})", re.ASCII)

# The rows that a page shows of each request.
RELATED = ("integrator", "user", "stated")
FACT_PILLS = {
    FactStatus.UPCOMING: Pill("info", "schedule", FactStatus.UPCOMING.label),
    FactStatus.ACTIVE: Pill("good", "check_circle", FactStatus.ACTIVE.label),
    FactStatus.EXPIRED: Pill("warn", "history", FactStatus.EXPIRED.label),
    FactStatus.REVOKED: Pill("off", "undo", FactStatus.REVOKED.label),
}


class EntryKind(IntEnum):
    """The kinds of entries; of two entries with the same time, the higher number is newer."""

    ENROLLED = 0
    ISSUED = 1
    ENROLMENT_REVOKED = 2
    REVOKED = 3
    REFUSED = 4
    REFUSED_IN_BULK = 5


KIND_PILLS = {
    EntryKind.ENROLLED: Pill("info", "how_to_reg", _("Enrolled")),
    EntryKind.ISSUED: Pill("good", "workspace_premium", _("Issued")),
    EntryKind.ENROLMENT_REVOKED: Pill("off", "person_remove", _("Enrolment revoked")),
    EntryKind.REVOKED: Pill("off", "undo", _("Revoked")),
    EntryKind.REFUSED: Pill("warn", "block", _("Refused")),
    EntryKind.REFUSED_IN_BULK: Pill("warn", "block", _("Refused")),
}


@dataclass(frozen=True)
class Cursor:
    """The position of an entry in the timeline."""

    at: datetime
    kind: EntryKind
    ident: str

    def __str__(self):
        return f"{(self.at - EPOCH) // MICROSECOND}.{self.kind:d}.{self.ident}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Return the cursor of a link, or None if the text is not a cursor."""
        found = CURSOR.fullmatch(text)
        if found is None:
            return None
        microseconds, kind, ident = found.groups()
        return cls(EPOCH + int(microseconds) * MICROSECOND, EntryKind(int(kind)), ident)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry; a refusal has a code, all others have a fact."""

    cursor: Cursor
    request: RequestLog
    fact: EarnedBadge | Enrolment | None = None
    pill: Pill | None = None
    code: int | None = None
    message: str = ""

    @property
    def kind_pill(self) -> Pill:
        return KIND_PILLS[self.cursor.kind]

    @property
    def badge(self) -> BadgeMeta | None:
        return self.fact.badge if self.fact else self.request.badge

    @property
    def is_issue(self) -> bool:
        return self.cursor.kind == EntryKind.ISSUED

    @property
    def has_receipt(self) -> bool:
        """Return whether the request was accepted, since accepted requests have a receipt."""
        return self.cursor.kind != EntryKind.REFUSED

    @property
    def is_given(self) -> bool:
        """Return whether this entry created the fact."""
        return self.cursor.kind in (EntryKind.ENROLLED, EntryKind.ISSUED)


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some entries, and the cursor of the next older one if there is any.

    `newest` is true if the page begins with the newest entry. `is_cut` is true if the customer has
    too much for one timeline over all badges, which then has no entries.
    """

    entries: list[Entry]
    older: Cursor | None
    newest: bool
    is_cut: bool = False


def page_of(
    customer_id: int,
    badge_id: str | None,
    *,
    now: datetime,
    start: Cursor | None = None,
    holding: Cursor | None = None,
) -> Page:
    """Return the newest entries, or the entries from `start` on.

    If `holding` is not among them, the page begins with it. Without `badge_id` the entries are
    those of all badges. No index has them in their order, so they are sorted, unless there are more
    than MAX_LISTED of one kind.
    """
    if badge_id is None and _are_many(customer_id):
        return Page(entries=[], older=None, newest=True, is_cut=True)
    cursors = _cursors(customer_id, badge_id, start)
    if holding is not None and holding not in cursors:
        start = holding
        cursors = _cursors(customer_id, badge_id, start)
    older = cursors[PAGE_SIZE] if len(cursors) > PAGE_SIZE else None
    entries = _entries(cursors[:PAGE_SIZE], now)
    return Page(entries=entries, older=older, newest=start is None)


def cursor_of(fact: EarnedBadge | Enrolment) -> Cursor:
    """Return the cursor of the entry that created a fact."""
    if isinstance(fact, Enrolment):
        return Cursor(fact.enrolled_at, EntryKind.ENROLLED, fact.pk)
    return Cursor(fact.earned_at, EntryKind.ISSUED, fact.pk)


def _are_many(customer_id: int) -> bool:
    sources = _sources(customer_id, None)
    kinds = (EntryKind.ENROLLED, EntryKind.ISSUED, EntryKind.REFUSED, EntryKind.REFUSED_IN_BULK)
    return any(is_cut(count_rows(sources[kind][0])) for kind in kinds)


def _cursors(customer_id: int, badge_id: str | None, start: Cursor | None) -> list[Cursor]:
    """Return the cursors of a page and one more, in one query."""
    of_kinds = [
        _from(rows.annotate(at=F(column), kind=Value(kind.value), ident=_ident()), kind, start)
        for kind, (rows, column) in _sources(customer_id, badge_id).items()
    ]
    found = of_kinds[0].union(*of_kinds[1:], all=True).order_by("-at", "-kind", "-ident")
    return [Cursor(at, EntryKind(kind), ident) for at, kind, ident in found[: PAGE_SIZE + 1]]


def _sources(customer_id: int, badge_id: str | None) -> dict[EntryKind, tuple[QuerySet, str]]:
    enrolments = Enrolment.objects.of_customer(customer_id)
    earned = EarnedBadge.objects.of_customer(customer_id)
    refused = RequestLog.objects.refused().filter(customer_id=customer_id)
    items = RefusedItem.objects.filter(customer_id=customer_id)
    if badge_id is not None:
        enrolments, earned = enrolments.filter(badge=badge_id), earned.filter(badge=badge_id)
        refused, items = refused.filter(badge=badge_id), items.filter(request__badge=badge_id)
    return {
        EntryKind.ENROLLED: (enrolments, "enrolled_at"),
        EntryKind.ISSUED: (earned, "earned_at"),
        EntryKind.ENROLMENT_REVOKED: (enrolments.filter(revoked_at__isnull=False), "revoked_at"),
        EntryKind.REVOKED: (earned.filter(revoked_at__isnull=False), "revoked_at"),
        EntryKind.REFUSED: (refused, "received_at"),
        EntryKind.REFUSED_IN_BULK: (items, "request__received_at"),
    }


def _ident():
    return Cast("pk", CharField(max_length=ID_LENGTH))


def _from(rows: QuerySet, kind: EntryKind, start: Cursor | None) -> QuerySet:
    """Exclude the entries that are newer than `start`."""
    rows = rows.order_by()
    if start is not None and kind == start.kind:
        rows = rows.filter(Q(at__lt=start.at) | Q(at=start.at, ident__lte=start.ident))
    elif start is not None:
        rows = rows.filter(**{"at__lt" if kind > start.kind else "at__lte": start.at})
    return rows.values_list("at", "kind", "ident")


def _entries(cursors: list[Cursor], now: datetime) -> list[Entry]:
    """Return the entries of the cursors, read with one query for each table."""
    facts: dict[str, Enrolment | EarnedBadge] = {}
    for model, kinds in (
        (Enrolment, (EntryKind.ENROLLED, EntryKind.ENROLMENT_REVOKED)),
        (EarnedBadge, (EntryKind.ISSUED, EntryKind.REVOKED)),
    ):
        of_kinds = {cursor.ident for cursor in cursors if cursor.kind in kinds}
        read = model.objects.filter(pk__in=of_kinds) if of_kinds else model.objects.none()
        read = read.select_related("badge", *_related("request", "revocation"))
        facts |= {fact.pk: fact for fact in read}
    requests = _by_number(RequestLog, EntryKind.REFUSED, cursors, "badge", *RELATED)
    related = ("request__badge", *_related("request"))
    items = _by_number(RefusedItem, EntryKind.REFUSED_IN_BULK, cursors, *related)
    return [_entry(cursor, facts, requests, items, now) for cursor in cursors]


def _by_number(model, kind: EntryKind, cursors: list[Cursor], *related: str) -> dict:
    numbers = [int(cursor.ident) for cursor in cursors if cursor.kind == kind]
    return model.objects.select_related(*related).in_bulk(numbers) if numbers else {}


def _related(*requests: str) -> list[str]:
    return [f"{request}__{each}" for request in requests for each in RELATED]


def _entry(cursor: Cursor, facts: dict, requests: dict, items: dict, now: datetime) -> Entry:
    if cursor.kind == EntryKind.REFUSED:
        request = requests[int(cursor.ident)]
        recorded = request.errors[0].get("message", "") if request.errors else ""
        message = in_words(request.code, recorded)
        return Entry(cursor=cursor, request=request, code=request.code, message=message)
    if cursor.kind == EntryKind.REFUSED_IN_BULK:
        item = items[int(cursor.ident)]
        message = in_words(item.code, item.message)
        return Entry(cursor=cursor, request=item.request, code=item.code, message=message)
    fact = facts[cursor.ident]
    revoked = cursor.kind in (EntryKind.REVOKED, EntryKind.ENROLMENT_REVOKED)
    return Entry(
        cursor=cursor,
        request=fact.revocation if revoked else fact.request,
        fact=fact,
        pill=FACT_PILLS[fact.status(now)],
    )
