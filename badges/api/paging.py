"""Pages of a list: counted from 0, answered with how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a list, of which there are `total`; past its end there are none."""

    items: Sequence
    number: int
    size: int
    total: int

    def under(self, name: str, output, **context) -> dict:
        """Return the data of an answer: the items under their name, and the pagination."""
        return {
            name: output(self.items, many=True, context=context).data,
            "pagination": {
                "page": self.number,
                "size": self.size,
                "total": self.total,
                "totalPages": -(-self.total // self.size),
            },
        }


def page_of(found: QuerySet | Sequence, *, page: int, size: int) -> Page:
    """Return one page of a queryset, or of anything with a length that can be sliced."""
    total = found.count() if isinstance(found, QuerySet) else len(found)
    return Page(list(found[page * size : (page + 1) * size]), page, size, total)
