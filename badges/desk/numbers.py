"""Numbers as people read them."""

from django.utils.formats import number_format


def grouped(number: int) -> str:
    """Return a number with its thousands apart, as the reader's language does it."""
    return number_format(number, force_grouping=True)
