"""The fields that ledgers are filtered by: each gives a plain value, or says what is wrong."""

import re
from datetime import UTC, datetime, timedelta

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from badges.desk.forms import EARLIEST, CustomerIdField
from badges.models import BadgeMeta, Integrator

LATEST = datetime(2200, 1, 1, tzinfo=UTC)
AS_TYPED = "%Y-%m-%dT%H:%M"
NAMED = 4


class MomentField(forms.DateTimeField):
    """A moment in UTC; as the end of a period it takes in the whole minute, or the whole day."""

    def __init__(self, *, is_end: bool = False, **kwargs):
        self.is_end = is_end
        out_of_range = _("The year must lie between 1900 and 2199.")
        super().__init__(
            required=False,
            validators=[
                MinValueValidator(EARLIEST, message=out_of_range),
                MaxValueValidator(LATEST, message=out_of_range),
            ],
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=AS_TYPED),
            **kwargs,
        )

    def clean(self, value):
        moment = super().clean(value)
        if moment is None or not self.is_end:
            return moment
        return moment + (timedelta(days=1) if _is_day(value) else timedelta(minutes=1))

    def prepare_value(self, value):
        """Give the page what its field can show: a day by its first or last minute."""
        try:
            moment = self.to_python(value)
            moment = moment and moment.astimezone(UTC)
        except (ValidationError, OverflowError):
            return value
        if moment is not None and self.is_end and _is_day(value):
            moment += timedelta(days=1, minutes=-1)
        return moment


class BadgeField(forms.CharField):
    """A badge by its id, its whole name, or a part that no other name has."""

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
        exact = BadgeMeta.objects.filter(Q(pk=text.lower()) | Q(name=text)).first()
        found = [exact] if exact else list(BadgeMeta.objects.named_like(text)[: NAMED + 1])
        if len(found) == 1:
            return found[0]
        if not found:
            raise ValidationError(_("No badge has this name or id."))
        names = ", ".join(badge.name for badge in found[:NAMED])
        raise ValidationError(
            _("Several badges have this in their name: %(names)s.") % {"names": names}
        )


class ActorField(forms.ChoiceField):
    """An integrator or a member of staff; the value is the column of the log and the key."""

    def __init__(self, **kwargs):
        super().__init__(label=_("Actor"), required=False, **kwargs)

    def clean(self, value) -> dict:
        """Return the condition that the actor made a request."""
        column, _colon, pk = super().clean(value).partition(":")
        return {f"{column}_id": int(pk)} if pk else {}

    def look_up(self):
        """Offer everybody there is; choices that are a function would be looked up many times."""
        integrators = Integrator.objects.order_by("name").values_list("pk", "name")
        people = User.objects.order_by("username").values_list("pk", "username")
        self.choices = [
            ("", _("Anybody")),
            (_("Integrators"), [(f"integrator:{pk}", name) for pk, name in integrators]),
            (_("Staff"), [(f"user:{pk}", name) for pk, name in people]),
        ]


class ChosenField(forms.TypedChoiceField):
    """One of the choices or any."""

    def __init__(self, choices, **kwargs):
        super().__init__(
            choices=[("", _("Any")), *choices], required=False, empty_value=None, **kwargs
        )


class CodeField(ChosenField):
    """A code of the list of today, or another one: those of the past stay in the log."""

    def valid_value(self, value):
        return bool(re.fullmatch("[0-9]{1,9}", str(value)))


class NumberField(forms.IntegerField):
    """The number of one request in the log, as links name it; never typed."""

    def __init__(self):
        super().__init__(
            label=_("Number in the log"),
            required=False,
            min_value=1,
            max_value=10**18 - 1,
            widget=forms.HiddenInput,
        )


class OneCustomerField(CustomerIdField):
    """A whole customer id, or nothing."""

    def __init__(self):
        super().__init__(label=_("Customer"), required=False)

    def clean(self, value):
        return super().clean(value) if (value or "").strip() else None


def _is_day(value) -> bool:
    return isinstance(value, str) and len(value.strip()) == len("2026-01-01")
