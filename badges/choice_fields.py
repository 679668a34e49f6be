"""Fields to choose from many rows: the first rows are listed, others are entered by name."""

from collections.abc import Iterator

from django import forms
from django.db.models import QuerySet
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext_lazy as _

MAX_OFFERED = 100


class OfferedRows(ModelChoiceIterator):
    """The first rows, followed by selected rows that are not among them."""

    def __iter__(self):
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        for row in self._rows():
            yield self.choice(row)

    def __len__(self):
        return sum(1 for _choice in self)

    def _rows(self) -> Iterator:
        first = list(self.queryset[:MAX_OFFERED])
        yield from first
        chosen_keys = set(self.field.chosen()) - {row.pk for row in first}
        if chosen_keys:
            yield from self.queryset.filter(pk__in=chosen_keys)


class OfferedRowField(forms.ModelChoiceField):
    """A choice of one row; `chosen` returns keys that are always listed."""

    iterator = OfferedRows
    chosen = tuple


class OfferedRowsField(forms.ModelMultipleChoiceField):
    """A choice of several rows; `chosen` returns keys that are always listed."""

    iterator = OfferedRows
    chosen = tuple


def are_many(rows: QuerySet) -> bool:
    """Return whether there are more rows than a field lists."""
    return rows.order_by("pk")[MAX_OFFERED:].exists()


def chosen_in(form: forms.BaseForm, name: str) -> list:
    """Return the initial keys of a form field, and those that were submitted."""
    values = [form.initial.get(name), getattr(form, "cleaned_data", {}).get(name)]
    keys = []
    for value in map(form.fields[name].prepare_value, values):
        keys += value if isinstance(value, list) else [value]
    return [key for key in keys if key]


class NamesField(forms.CharField):
    """The full names of rows that are not listed, one per line."""

    def __init__(self, *, rows: QuerySet, **kwargs):
        self.rows = rows
        super().__init__(required=False, max_length=10_000, **kwargs)

    def clean(self, value) -> list:
        names = {name.strip() for name in super().clean(value).splitlines()} - {""}
        selected = list(self.rows.filter(name__in=names)[:MAX_OFFERED]) if names else []
        if missing := sorted(names - {row.name for row in selected}):
            message = _("There is none with the name “%(name)s”.") % {"name": missing[0]}
            raise forms.ValidationError(message)
        return selected
