"""One page of a ledger: its rows, and the links to older and newer rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from badges.audit.exports import datetime_at
from badges.audit.reading import Cursor, Found, decode_cursor, encode_cursor
from badges.desk.parts.pager import Pager, dated_pager

Read = Callable[..., Found]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The keys of some rows, newest first, and the query strings of the pages around them.

    If the search stopped early, `stopped_at` is the time at which the last examined row was
    received, and `newer` or `older` continues the search from there.
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
    """Return the page that a query string asks for; an invalid cursor gives the newest page."""
    older, newer = (
        decode_cursor(query.get(name, ""), key, hex_ids=hex_ids) for name in ("older", "newer")
    )
    if newer:
        found = read(cursor=newer, newer=True)
        if found.more:
            return _newer_page(form, found, newer)
        older = None  # all newer rows fit on the newest page
    found = read(cursor=older)
    last = found.stopped_at or (found.keys[-1] if found.keys else None)
    return Page(
        pks=found.pks,
        older=_link(form, "older", last) if found.more and last else "",
        newer=_link(form, "newer", found.keys[0] if found.keys else older) if older else "",
        stopped_at=datetime_at(found.stopped_at),
    )


def pager_of(page: Page, form, *, address: str) -> Pager:
    """Return the links of a page; where the search stopped early, they continue it."""
    newest = f"{address}?{form.query_string}" if form.query else address
    newer_text = _("Go on searching newer ones") if page.stopped_going_newer else ""
    stopped_going_older = page.stopped_at and not page.stopped_going_newer
    return dated_pager(
        newest=newest if page.newer else "",
        newer=f"{address}?{page.newer}" if page.newer else "",
        older=f"{address}?{page.older}" if page.older else "",
        newer_text=newer_text,
        older_text=_("Go on searching older ones") if stopped_going_older else "",
        position=_("showing %(number)s") % {"number": len(page.pks)},
    )


def in_order(rows: QuerySet, pks: list) -> list:
    """Return the rows of a page in the order of its keys."""
    cursor = {pk: number for number, pk in enumerate(pks)}
    return sorted(rows.filter(pk__in=pks).order_by(), key=lambda row: cursor[row.pk])


def _newer_page(form, found: Found, cursor: Cursor) -> Page:
    return Page(
        pks=found.pks[::-1],
        older=_link(form, "older", found.keys[0] if found.keys else cursor),
        newer=_link(form, "newer", found.stopped_at or found.keys[-1]),
        stopped_at=datetime_at(found.stopped_at),
        stopped_going_newer=found.stopped_at is not None,
    )


def _link(form, name: str, cursor: Cursor) -> str:
    return urlencode(form.query | {name: encode_cursor(cursor)})
