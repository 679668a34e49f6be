"""One page of a ledger: its rows, and the links to those that are older and newer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import QuerySet

from badges.audit.exports import moment_at
from badges.audit.reading import Found, Place, as_text, place_in

Read = Callable[..., Found]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The keys of some rows, newest first, with the query strings of the pages around them.

    When the search for them was broken off, `stopped_at` says when what it looked at last was
    received, and `newer` or `older` goes on from there.
    """

    pks: list = field(default_factory=list)
    older: str = ""
    newer: str = ""
    stopped_at: datetime | None = None
    stopped_going_newer: bool = False

    @property
    def is_newest(self) -> bool:
        return not self.newer


def page_of(query: dict, form, read: Read, *, key: tuple[str, ...], hex_ids: bool = False) -> Page:
    """Return the page that a query string asks for: a place that makes no sense is the newest."""
    older, newer = (
        place_in(query.get(name, ""), key, hex_ids=hex_ids) for name in ("older", "newer")
    )
    if newer:
        found = read(place=newer, newer=True)
        if found.more:
            return _newer_page(form, found, newer)
        older = None  # whatever is newer fits on the newest page
    found = read(place=older)
    last = found.stopped_at or (found.keys[-1] if found.keys else None)
    return Page(
        pks=found.pks,
        older=_link(form, "older", last) if found.more else "",
        newer=_link(form, "newer", found.keys[0] if found.keys else older) if older else "",
        stopped_at=moment_at(found.stopped_at),
    )


def in_order(rows: QuerySet, pks: list) -> list:
    """Return the rows of a page as it orders them."""
    place = {pk: number for number, pk in enumerate(pks)}
    return sorted(rows.filter(pk__in=pks).order_by(), key=lambda row: place[row.pk])


def _newer_page(form, found: Found, place: Place) -> Page:
    return Page(
        pks=found.pks[::-1],
        older=_link(form, "older", found.keys[0] if found.keys else place),
        newer=_link(form, "newer", found.stopped_at or found.keys[-1]),
        stopped_at=moment_at(found.stopped_at),
        stopped_going_newer=found.stopped_at is not None,
    )


def _link(form, name: str, place: Place) -> str:
    return urlencode(form.query | {name: as_text(place)})
