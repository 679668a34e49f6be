"""The links to the pages around one page of a list, for `desk/_pager.html`."""

from dataclasses import dataclass, field
from functools import partial

from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from badges.desk.parts.numbers import group_digits
from badges.paging import BoundedPaginator

PAGE_SIZE = 20


@dataclass(frozen=True, kw_only=True)
class PageLink:
    """A link to another page of the list."""

    url: str
    text: str
    icon: str
    rel: str = ""


@dataclass(frozen=True, kw_only=True)
class Pager:
    """The links to the pages before and after this page, and the position between them.

    `label` names the links for screen readers. `note` explains why the list ends early.
    """

    label: str
    before: list[PageLink] = field(default_factory=list)
    position: str = ""
    after: list[PageLink] = field(default_factory=list)
    note: str = ""


def paginate(rows: QuerySet, query: QueryDict, *, size: int = PAGE_SIZE) -> tuple[Page, Pager]:
    """Return the page of the first rows that a query names, and its links."""
    page = BoundedPaginator(rows, size).get_page(query.get("page"))
    return page, numbered_pager(page, query)


def numbered_pager(
    page: Page,
    query: QueryDict,
    *,
    parameter: str = "page",
    fragment: str = "",
    label: str = "",
    note: str = "",
) -> Pager:
    """Return the links of a list with numbered pages.

    The links change `parameter` of the query, and lead to the element with the id `fragment`. The
    default note says that a `BoundedPaginator` does not list all rows.
    """
    url = partial(url_of_page, query, parameter=parameter, fragment=fragment)
    if getattr(page.paginator, "is_cut", False):
        count = {"count": group_digits(page.paginator.count)}
        note = _("Only the first %(count)s are listed. Use the search to find the others.") % count
    return Pager(
        label=label or _("Pages"),
        before=[previous_page(url(page.previous_page_number()))] if page.has_previous() else [],
        position=_("Page %(number)s of %(total)s")
        % {"number": group_digits(page.number), "total": group_digits(page.paginator.num_pages)},
        after=[next_page(url(page.next_page_number()))] if page.has_next() else [],
        note=note,
    )


def dated_pager(
    *,
    newest: str = "",
    newer: str = "",
    older: str = "",
    label: str = "",
) -> Pager:
    """Return the links of a list with the newest rows first; a URL is empty without such a page."""
    before = [first_page(newest, _("Newest")), previous_page(newer, _("Newer"))]
    return Pager(
        label=label or _("Pages"),
        before=[link for link in before if link.url],
        after=[next_page(older, _("Older"))] if older else [],
    )


def url_of_page(
    query: QueryDict, number: int, *, parameter: str = "page", fragment: str = ""
) -> str:
    """Return the query string of a numbered page, with the other parameters of the query."""
    changed = query.copy()
    changed[parameter] = str(number)
    return f"?{changed.urlencode()}" + (f"#{fragment}" if fragment else "")


def url_of_order(query: QueryDict, order: str) -> str:
    """Return the query string of the first page of a list in another order."""
    changed = query.copy()
    changed.pop("page", None)
    changed["sort"] = order
    return f"?{changed.urlencode()}"


def first_page(url: str, text: str = "") -> PageLink:
    return PageLink(url=url, text=text or _("First page"), icon="first_page")


def previous_page(url: str, text: str = "") -> PageLink:
    return PageLink(url=url, text=text or _("Previous"), icon="chevron_left", rel="prev")


def next_page(url: str, text: str = "") -> PageLink:
    return PageLink(url=url, text=text or _("Next"), icon="chevron_right", rel="next")
