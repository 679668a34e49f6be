"""Form fields to filter ledgers; each one cleans to a value for a query, or raises an error."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from badges.desk.parts.forms import CustomerIdField
from badges.models import BadgeMeta, Integrator, UserKey
from badges.models.ids import ID_LENGTH, is_id
from badges.models.names import normalize_name
from badges.models.querysets import keys_matching

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NAMED = 4
MAX_SELECTED = 200


class BadgeField(forms.CharField):
    """A badge, found by its id, by its whole name, or by a unique part of the name."""

    def __init__(self, **kwargs):
        super().__init__(
            label=_("Badge"),
            required=False,
            max_length=255,
            widget=forms.TextInput(attrs={"type": "search", "list": "ledger-badges"}),
            **kwargs,
        )

    def clean(self, value) -> BadgeMeta | None:
        text = super().clean(value)
        if not text:
            return None
        exact = BadgeMeta.objects.filter(Q(pk=text.lower()) | Q(name=normalize_name(text))).first()
        found = [exact] if exact else list(BadgeMeta.objects.named_like(text)[: NAMED + 1])
        if len(found) == 1:
            return found[0]
        if not found:
            raise ValidationError(_("No badge has this name or id."))
        names = ", ".join(badge.name for badge in found[:NAMED])
        raise ValidationError(
            _("Several badges have this in their name: %(names)s.") % {"names": names}
        )


@dataclass(frozen=True)
class Actor:
    """An integrator or a member of staff: the column of the log, the key and the name."""

    column: str
    pk: int
    name: str

    @property
    def link(self) -> str:
        """Return the actor as a query string names it."""
        return f"{self.column}:{self.pk}"

    @property
    def kind(self) -> "StrOrPromise":
        return _("Integrator") if self.column == "integrator" else _("Staff")


def actors_like(text: str, most: int) -> list[Actor]:
    """Return the first integrators and members of staff with a text in their name."""
    integrators = Integrator.objects.named_like(text).order_by("name")
    keys = keys_matching(text, UserKey.objects.all())
    people = User.objects.filter(pk__in=keys).order_by("username")
    return [
        *(Actor("integrator", *row) for row in integrators.values_list("pk", "name")[:most]),
        *(Actor("user", *row) for row in people.values_list("pk", "username")[:most]),
    ]


class ActorField(forms.CharField):
    """An integrator or a member of staff.

    It is found by the whole name, by a unique part of the name, or by the text of `Actor.link`.
    """

    def __init__(self):
        super().__init__(
            label=_("Actor"),
            required=False,
            max_length=255,
            widget=forms.TextInput(attrs={"type": "search", "list": "ledger-actors"}),
        )

    def clean(self, value) -> Actor | None:
        text = super().clean(value)
        if not text:
            return None
        found = _linked(text) or _called(normalize_name(text)) or actors_like(text, NAMED + 1)
        if len(found) == 1:
            return found[0]
        if not found:
            raise ValidationError(_("No integrator and no member of staff has this name."))
        names = ", ".join(f"{actor.name} ({actor.link})" for actor in found[:NAMED])
        raise ValidationError(
            _("Several actors have this in their name: %(names)s.") % {"names": names}
        )


def _actor_kinds():
    """Yield the column of the log, the rows, and the column of their name, for each kind."""
    yield "integrator", Integrator.objects.all(), "name"
    yield "user", User.objects.all(), "username"


def _linked(text: str) -> list[Actor]:
    """Return the actor with a text as `Actor.link`."""
    match = re.fullmatch("(integrator|user):([0-9]{1,18})", text)
    if not match:
        return []
    return [
        Actor(column, *row)
        for column, rows, name in _actor_kinds()
        if column == match[1]
        for row in rows.filter(pk=int(match[2])).values_list("pk", name)
    ]


def _called(text: str) -> list[Actor]:
    """Return the actors with exactly this name."""
    return [
        Actor(column, *row)
        for column, rows, name in _actor_kinds()
        for row in rows.filter(**{name: text}).values_list("pk", name)
    ]


class ChosenField(forms.TypedChoiceField):
    """One of the choices, or none for all of them."""

    def __init__(self, choices, **kwargs):
        super().__init__(
            choices=[("", _("Any")), *choices], required=False, empty_value=None, **kwargs
        )


class CodeField(ChosenField):
    """A current error code, or a past one, which may still be in the log."""

    def valid_value(self, value):
        return bool(re.fullmatch("[0-9]{1,9}", str(value)))


class NumberField(forms.IntegerField):
    """The number of one request in the log, which links set and users do not type."""

    def __init__(self):
        super().__init__(
            label=_("Number in the log"),
            required=False,
            min_value=1,
            max_value=10**18 - 1,
            widget=forms.HiddenInput,
        )


class SelectedInput(forms.HiddenInput):
    """Several checkboxes of one name, or their values in one text with dots between them."""

    def value_from_datadict(self, data, files, name):
        return ".".join(data.getlist(name))


class SelectedField(forms.CharField):
    """The keys of chosen rows; those of requests and of revisions are numbers."""

    def __init__(self, *, are_numbers: bool = False):
        most = MAX_SELECTED * (ID_LENGTH + 1)
        super().__init__(
            label=_("Selected rows"), required=False, max_length=most, widget=SelectedInput
        )
        self.are_numbers = are_numbers

    def clean(self, value) -> tuple[int | str, ...] | None:
        keys = super().clean(value).split(".") if value else []
        number = re.compile("[0-9]{1,18}")
        if not all(number.fullmatch(key) if self.are_numbers else is_id(key) for key in keys):
            raise ValidationError(_("This is not a selection of rows."))
        return tuple(int(key) if self.are_numbers else key for key in keys) or None


class OneCustomerField(CustomerIdField):
    """A whole customer id, or None."""

    def __init__(self):
        super().__init__(label=_("Customer"), required=False)

    def clean(self, value):
        return super().clean(value) if (value or "").strip() else None
