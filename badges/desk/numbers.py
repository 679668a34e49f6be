"""Numbers as people read them."""

from django.db.models import QuerySet
from django.utils.formats import number_format

MOST_COUNTED = 900


def first_of(rows: QuerySet) -> QuerySet:
    """Return as many rows as are counted, by customer, and one more if there are more.

    No page reads further; the order is that of an index, so that nothing else is passed over.
    """
    return rows.order_by("customer_id", "pk")[: MOST_COUNTED + 1]


def bounded(count: int, words: str, more: str) -> tuple[int, str]:
    """Return what to say of a count of `first_of`: the words, or those for more than is counted."""
    return (count, words) if count <= MOST_COUNTED else (MOST_COUNTED, more)


def grouped(number: int) -> str:
    """Return a number with its thousands apart, as the reader's language does it."""
    return number_format(number, force_grouping=True)
