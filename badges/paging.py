"""Pages of lists of any length, which are never counted or read to their end."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import IntegerField, Model, OuterRef, QuerySet, Subquery
from django.utils.functional import cached_property

MAX_LISTED = 900


class BoundedPaginator(Paginator):
    """Pages of the first MAX_LISTED rows.

    Users find later rows with a search. Counting or skipping more rows would read all of them, on
    every page.
    """

    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        return count_rows(self.object_list)

    @property
    def is_cut(self) -> bool:
        """Whether there may be more rows than are listed."""
        return is_cut(self.count)

    def _get_page(self, rows, number, paginator):
        """Skip rows by their keys alone.

        Otherwise the database would evaluate joins and counts for each row that it skips.
        """
        if number > 1:
            rows = self.object_list.filter(pk__in=list(rows.values_list("pk", flat=True)))
        return super()._get_page(rows, number, paginator)  # type: ignore[misc]  # not in the stubs


def count_rows(rows: QuerySet) -> int:
    """Return the number of rows, but at most MAX_LISTED."""
    return rows.order_by()[:MAX_LISTED].count()


def is_cut(count: int) -> bool:
    """Return whether there may be more rows than a count of `count_rows`."""
    return count == MAX_LISTED


class BoundedCount(Subquery):
    """The number of rows that a query selects; the query must have a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def count_of(model: type[Model], column: str, *, on_a_page: int, **filters) -> BoundedCount:
    """Return the number of rows that reference a row of a list, counted only for rows of its page.

    An aggregate over a join would count for the whole table before the page is selected. For each
    row of the page, at most one row more than `max_count` is read: a page reads about as many rows
    as a list.
    """
    rows = model._default_manager.filter(**{column: OuterRef("pk")}, **filters).order_by()
    return BoundedCount(rows.values("pk")[: max_count(on_a_page) + 1])


def max_count(on_a_page: int) -> int:
    """Return the maximum count per row, for this number of rows on a page."""
    return MAX_LISTED // on_a_page


def counted(number: int, on_a_page: int) -> str:
    """Return a number from `count_of` as text, with a plus sign if it was cut."""
    maximum = max_count(on_a_page)
    return f"{maximum}+" if number > maximum else str(number)
