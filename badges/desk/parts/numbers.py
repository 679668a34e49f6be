"""Numbers formatted for people."""

from django.db.models import QuerySet
from django.utils.formats import number_format

from badges.paging import MAX_LISTED


def first_rows(rows: QuerySet) -> QuerySet:
    """Return the first rows by customer, as many as are counted, and one more if there is any.

    No page reads further. The order is that of an index, so that no other rows are scanned.
    """
    return rows.order_by("customer_id", "pk")[: MAX_LISTED + 1]


def bounded_count(count: int, words: str, more: str) -> tuple[int, str]:
    """Return a count of `first_rows` and its words, or the maximum and `more` for a larger one."""
    return (count, words) if count <= MAX_LISTED else (MAX_LISTED, more)


def group_digits(number: int) -> str:
    """Return a number with the thousands separators of the user's language."""
    return number_format(number, force_grouping=True)
