"""The errors of the forms of a page, in the order of the page: their summary and the focus."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.forms import BaseForm, BoundField
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Part:
    """A part of a page: a form or a formset, or some fields of a form under a name of their own."""

    form: object
    fields: Iterable[BoundField]
    name: str = ""


@dataclass(frozen=True)
class Problem:
    """One error; `field` is the id of the element with the errors of its field, if it has one."""

    text: str
    target: str = ""
    field: str = ""


def problems_of(*forms) -> list[Problem]:
    """Return all errors of some forms, first those that concern no single field."""
    parts = [part for form in forms for part in parts_of(form)]
    general = [Problem(str(error)) for part in parts for error in _general_errors(part.form)]
    return [*dict.fromkeys(general), *_of_fields(parts)]


def focus_on_fault(*forms) -> bool:
    """Set the focus of the page to the first field with an error; return False if there is none."""
    for part in (part for form in forms for part in parts_of(form)):
        for field in part.fields:
            if field.errors and not field.is_hidden:
                field.field.widget.attrs["autofocus"] = True
                return True
    return False


def parts_of(form) -> list[Part]:
    """Return the parts of a form in the order of its page; a set of forms states its own."""
    if hasattr(form, "parts"):
        return form.parts()
    return [Part(form, form.visible_fields())] if isinstance(form, BaseForm) else []


def _general_errors(form) -> Iterable[Any]:
    return form.non_field_errors() if isinstance(form, BaseForm) else form.non_form_errors()


def _of_fields(parts: Iterable[Part]) -> Iterator[Problem]:
    for part in parts:
        for field in part.fields:
            for error in field.errors:
                yield Problem(
                    text=_("%(field)s: %(error)s") % {"field": _label(part, field), "error": error},
                    target="" if field.is_hidden else target_of(field),
                    field=f"{field.auto_id}_error",
                )


def _label(part: Part, field: BoundField) -> str:
    label = str(field.label)
    label = label[:1].upper() + label[1:]
    return f"{part.name}, {label}" if part.name else label


def target_of(field: BoundField) -> str:
    """Return the id of the element that a link to a field focuses: of several the first."""
    return field.id_for_label or f"{field.auto_id}_0"
