"""Pages of a list, counted from 0, with the total number of items."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list with `total` items; a page past the end is empty."""

    items: Sequence
    number: int
    size: int
    total: int

    def response_data(self, name: str, output, **context) -> dict:
        """Return the data of a response: the items under their name, and the pagination."""
        return {
            name: output(self.items, many=True, context=context).data,
            "pagination": {
                "page": self.number,
                "size": self.size,
                "total": self.total,
                "totalPages": -(-self.total // self.size),
            },
        }


def page_of(rows: QuerySet | Sequence, *, page: int, size: int) -> Page:
    """Return one page of a queryset or of a sequence."""
    total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    return Page(list(rows[page * size : (page + 1) * size]), page, size, total)
