"""Lists of the admin, which read a limited number of rows with any of their filters."""

from django.contrib import messages
from django.db.models import F
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from badges.desk.parts.numbers import group_digits
from badges.paging import MAX_LISTED


class BoundedChangeList(ChangeList):
    """A list that reads at most MAX_LISTED of the rows that a filter finds.

    An index finds the rows of most filters in the order of the list. The others have `keys`. No
    index has the rows of several filters, which may be few among many. In these cases, the keys of
    the most selective filter are read first, and the conditions are checked for their rows alone.
    """

    def get_queryset(self, request, exclude_parameters=None):
        rows = super().get_queryset(request, exclude_parameters)
        used = [spec for spec in self.filter_specs if spec.used_parameters]
        if len(used) < 2 and not any(hasattr(spec, "keys") for spec in used):
            return rows
        ordering = self.get_ordering(request, rows)
        keys = self._fewest_keys(request, used, ordering)
        return rows.filter(pk__in=keys).order_by(*map(_sorted_by, ordering))

    def _fewest_keys(self, request, used: list, ordering: list[str]) -> list:
        """Return the keys that the most selective filter finds; tell the user if there are more."""
        rows = self.model._default_manager.order_by(*ordering)
        keys_by_filter = (
            spec.keys(request)
            if hasattr(spec, "keys")
            else spec.queryset(request, rows).values_list("pk", flat=True)
            for spec in used
        )
        fewest = min((list(keys[:MAX_LISTED]) for keys in keys_by_filter), key=len)
        if len(fewest) == MAX_LISTED:
            text = _("Many rows match: only the first %(count)s were searched.")
            messages.info(request, text % {"count": group_digits(MAX_LISTED)})
        return fewest


def _sorted_by(column: str) -> OrderBy:
    """Return the order of a column as an expression that no index has.

    The rows are few, and their keys are known. With an index in the order of the list, PostgreSQL
    may instead read the whole table in this order until it has met enough of them.
    """
    name = column.removeprefix("-")
    return OrderBy(Coalesce(F(name), F(name)), descending=column != name)
