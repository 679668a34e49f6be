"""The description of an index table, and its view for one user.

A list describes its columns once, as a `Table`. `Table.show` applies the columns and the density
that the user has chosen, and returns the context of `desk/tables/_table.html`.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import TextChoices
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from badges.desk.parts.links import Links

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Density(TextChoices):
    """The height of the rows."""

    COMPACT = "compact", _("Compact")
    STANDARD = "standard", _("Standard")
    ROOMY = "roomy", _("Roomy")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of an index table.

    `cell` returns the text or the HTML of a row; the links are those of the user. `width` is one of
    the classes of `index.css`. A `fixed` column is always shown, and names its row; any other
    column can be hidden, and is hidden by default unless it is `shown`. If the list can be sorted
    by the column, `first_order` is the order after the first click on its header.
    """

    name: str
    label: "StrOrPromise"
    cell: "Callable[[Any, Links], StrOrPromise]"
    width: str = "text"
    hint: "StrOrPromise" = ""
    fixed: bool = False
    shown: bool = True
    first_order: str = ""


@dataclass(frozen=True)
class Sort:
    """The column by which a list is sorted; as text with a minus sign if it is descending."""

    column: str
    descending: bool = False

    def __str__(self):
        return f"-{self.column}" if self.descending else self.column

    @classmethod
    def parse(cls, text: str) -> "Sort":
        return cls(text.removeprefix("-"), text.startswith("-"))

    @property
    def reversed(self) -> "Sort":
        return Sort(self.column, not self.descending)


@dataclass(frozen=True, kw_only=True)
class Header:
    """The header of a shown column; `url` sorts the list, if it can be sorted by this column."""

    column: Column
    url: str = ""
    direction: str = ""

    @property
    def icon(self) -> str:
        icons = {"ascending": "arrow_upward", "descending": "arrow_downward"}
        return icons.get(self.direction, "unfold_more")


@dataclass(frozen=True, kw_only=True)
class Action:
    """A button that posts the keys of the selected rows, as `selected`, to a URL."""

    label: "StrOrPromise"
    icon: str
    url: str
    name: str = ""
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    """A row: its key, the text or HTML of each shown column, and whether it has just arrived."""

    key: Any
    cells: "list[tuple[Column, StrOrPromise]]"
    is_new: bool = False


@dataclass(frozen=True, kw_only=True)
class ShownTable:
    """The columns and rows that a user sees of a table."""

    table: "Table"
    headers: list[Header]
    rows: list[ShownRow]
    density: str
    sort: Sort
    actions: list[Action]

    @property
    def densities(self) -> list[tuple[str, "StrOrPromise"]]:
        return list(Density.choices)

    @property
    def optional(self) -> list[tuple[Column, bool]]:
        """Return the columns that can be hidden, and whether each one is shown."""
        shown = {header.column.name for header in self.headers}
        columns = (column for column in self.table.columns if not column.fixed)
        return [(column, column.name in shown) for column in columns]


@dataclass(frozen=True, kw_only=True)
class Table:
    """An index table.

    `name` is its key in the preferences of a user; `right` is the permission for its page, which
    `route` and `arguments` name. Without another choice of the user, the list has the order `sort`.
    """

    name: str
    label: "StrOrPromise"
    right: str
    route: str
    arguments: tuple[str, ...] = ()
    columns: tuple[Column, ...]
    sort: Sort

    @property
    def address(self) -> str:
        return reverse(self.route, args=self.arguments)

    def sort_of(self, text: str, sorts: Collection[str] | None = None) -> Sort:
        """Return the order that a text names, or the default one if the list does not have it."""
        sort = Sort.parse(text)
        return sort if sort.column in self._sorts(sorts) else self.sort

    def show(
        self,
        user,
        rows: Iterable[Any],
        *,
        key: Callable[[Any], Any],
        sort: Sort | None = None,
        sorts: Collection[str] | None = None,
        url_of: Callable[[str], str] = "?sort={}".format,
        is_new: Callable[[Any], bool] = lambda row: False,
        actions: Iterable[Action] = (),
    ) -> ShownTable:
        """Return the table as the user has chosen to see it.

        `sorts` are the columns by which these rows can be sorted; the default is all columns with a
        `first_order`. `url_of` returns the URL of the list in an order. Rows can be selected if
        there are `actions`.
        """
        choices = user.preferences.tables.get(self.name, {})
        columns, sort = self.columns_of(choices), sort or self.sort
        links = Links(user)
        density = choices.get("density")
        return ShownTable(
            table=self,
            headers=[_header(column, sort, self._sorts(sorts), url_of) for column in columns],
            rows=[
                ShownRow(
                    key=key(row),
                    cells=[(column, column.cell(row, links)) for column in columns],
                    is_new=is_new(row),
                )
                for row in rows
            ],
            density=density if density in Density else Density.STANDARD,
            sort=sort,
            actions=list(actions),
        )

    def columns_of(self, choices: dict) -> list[Column]:
        """Return the columns that a user has chosen, in the order of the table."""
        if "columns" not in choices:
            return [column for column in self.columns if column.fixed or column.shown]
        chosen = choices["columns"]
        return [column for column in self.columns if column.fixed or column.name in chosen]

    def _sorts(self, sorts: Collection[str] | None) -> Collection[str]:
        own = [column.name for column in self.columns if column.first_order]
        return own if sorts is None else [name for name in own if name in sorts]


def _header(
    column: Column, sort: Sort, sorts: Collection[str], url_of: Callable[[str], str]
) -> Header:
    if column.name not in sorts:
        return Header(column=column)
    if column.name != sort.column:
        return Header(column=column, url=url_of(column.first_order))
    direction = "descending" if sort.descending else "ascending"
    return Header(column=column, url=url_of(str(sort.reversed)), direction=direction)
