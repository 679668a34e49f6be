"""One page of a ledger: its rows, and the links to older and newer rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from badges.audit.exports import datetime_at
from badges.audit.reading import Cursor, Found, decode_cursor, encode_cursor
from badges.desk.parts.pager import Pager, first_page, next_page, previous_page
from badges.desk.tables.table import Sort

Read = Callable[..., Found]
# The name of the column with the time, by which every ledger can be sorted.
TIME = "time"


@dataclass(frozen=True, kw_only=True)
class Page:
    """The keys of some rows, and the query strings of the pages around them.

    The rows are in descending order, unless `ascending`: then the next page is the `newer` one. If
    the search stopped early, `stopped_at` is the time at which the last examined row was received,
    and `newer` or `older` continues the search from there.
    """

    pks: list = field(default_factory=list)
    older: str = ""
    newer: str = ""
    ascending: bool = False
    stopped_at: datetime | None = None
    stopped_going_newer: bool = False

    @property
    def is_newest(self) -> bool:
        """Whether the page begins with the newest row."""
        return not self.newer and not self.ascending


def page_of(
    query: dict,
    form,
    read: Read,
    *,
    key: tuple[str, ...],
    hex_ids: bool = False,
    ascending: bool = False,
) -> Page:
    """Return the page that a query string asks for; an invalid cursor gives the first page."""
    onward, back = (
        decode_cursor(query.get(name, ""), key, hex_ids=hex_ids) for name in _names(ascending)
    )
    if back:
        found = read(cursor=back, newer=not ascending)
        if found.more:
            return _page_before(form, found, back, ascending)
        onward = None  # all rows before the cursor fit on the first page
    found = read(cursor=onward, newer=ascending)
    last = found.stopped_at or (found.keys[-1] if found.keys else None)
    first = found.keys[0] if found.keys else onward
    return _page(
        form,
        found.pks,
        onward=last if found.more else None,
        back=first if onward else None,
        ascending=ascending,
        stopped_at=datetime_at(found.stopped_at),
        stopped_going_newer=ascending and found.stopped_at is not None,
    )


def pager_of(page: Page, form, *, address: str, sort: Sort) -> Pager:
    """Return the links of a page; where the search stopped early, they continue it."""
    onward, back = _names(page.ascending)
    first, texts = _texts(sort)
    if page.stopped_at and page.stopped_going_newer:
        texts["newer"] = _("Search newer entries")
    elif page.stopped_at:
        texts["older"] = _("Search older entries")
    start = f"{address}?{form.query_string}" if form.query else address
    urls = {name: f"{address}?{query}" for name in (onward, back) if (query := getattr(page, name))}
    before = (
        [first_page(start, first), previous_page(urls[back], texts[back])] if back in urls else []
    )
    return Pager(
        label=_("Pages"),
        before=before,
        position=_("showing %(number)s") % {"number": len(page.pks)},
        after=[next_page(urls[onward], texts[onward])] if onward in urls else [],
    )


def in_order(rows: QuerySet, pks: list) -> list:
    """Return the rows of a page in the order of its keys."""
    cursor = {pk: number for number, pk in enumerate(pks)}
    return sorted(rows.filter(pk__in=pks).order_by(), key=lambda row: cursor[row.pk])


def _page_before(form, found: Found, cursor: Cursor, ascending: bool) -> Page:
    """Return the page before a cursor, from rows that were read towards the first page."""
    return _page(
        form,
        found.pks[::-1],
        onward=found.keys[0] if found.keys else cursor,
        back=found.stopped_at or found.keys[-1],
        ascending=ascending,
        stopped_at=datetime_at(found.stopped_at),
        stopped_going_newer=not ascending and found.stopped_at is not None,
    )


def _page(
    form, pks: list, *, onward: Cursor | None, back: Cursor | None, ascending: bool, **stop
) -> Page:
    older, newer = (back, onward) if ascending else (onward, back)
    return Page(
        pks=pks,
        older=_link(form, "older", older),
        newer=_link(form, "newer", newer),
        ascending=ascending,
        **stop,
    )


def _link(form, name: str, cursor: Cursor | None) -> str:
    return urlencode(form.query | {name: encode_cursor(cursor)}) if cursor else ""


def _names(ascending: bool) -> tuple[str, str]:
    """Return the parameters of the links to the next page and to the one before."""
    return ("newer", "older") if ascending else ("older", "newer")


def _texts(sort: Sort) -> tuple[str, dict[str, str]]:
    """Return the text of the link to the first page, and the texts of the links to other pages."""
    if sort.column == TIME:
        first = _("Newest") if sort.descending else _("Oldest")
        return first, {"newer": _("Newer"), "older": _("Older")}
    onward, back = _names(not sort.descending)
    return _("First page"), {onward: _("Next"), back: _("Previous")}
