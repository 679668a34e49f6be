"""What staff type: its shape is checked here, whether it may happen in the services alone."""

import json
from datetime import UTC, datetime
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db.models import BigIntegerField
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from badges.desk.pasted import PastedField
from badges.models import Channel
from badges.models.ids import GREATEST_CUSTOMER_ID
from badges.services.requests import Origin

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def new_request_id():
    return f"desk-{uuid4().hex}"


class CustomerIdField(forms.RegexField):
    """ASCII digits, 1 .. 2^63-1, cleaned to a number."""

    default_error_messages = {
        "required": _("Enter the customer id."),
        "invalid": _("A customer id has digits only."),
        "out_of_range": _("A customer id lies between 1 and 9223372036854775807."),
    }

    def __init__(self, **kwargs):
        super().__init__(r"\A[0-9]+\Z", max_length=40, strip=True, **kwargs)

    def clean(self, value):
        number = int(super().clean(value))
        if not 1 <= number <= GREATEST_CUSTOMER_ID:
            raise ValidationError(self.error_messages["out_of_range"], code="out_of_range")
        return number


class BadgeIdField(forms.RegexField):
    """24 lower-case hex characters; whether there is such a badge is the service's to say."""

    def __init__(self, **kwargs):
        messages = {
            "required": _("Choose a badge."),
            "invalid": _("Choose a badge from the list."),
        }
        super().__init__(r"\A[0-9a-f]{24}\Z", error_messages=messages, **kwargs)


class DeskForm(forms.Form):
    """What all forms that change something share: a date, a reason, and an id to send once.

    `typed` names what is kept as it was typed.
    """

    typed = ["event_at", "reason"]

    event_at = forms.DateTimeField(
        label=_("Event date (UTC)"),
        help_text=_("When the customer did it. Leave it empty for now."),
        required=False,
        validators=[MinValueValidator(EARLIEST, message=_("The year must be 1900 or later."))],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Optional; kept for auditors."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    request_id = forms.RegexField(
        r"\Adesk-[0-9a-f]{32}\Z",
        initial=new_request_id,
        error_messages=dict.fromkeys(
            ["required", "invalid"],
            _("This form was out of date and has been renewed. Check it and send it again."),
        ),
    )

    @cached_property
    def id_to_send(self):
        """The request id the page carries: the one that came in, or a new one for a bad one."""
        return new_request_id() if "request_id" in self.errors else self["request_id"].value()

    def origin(self, user):
        """Who asks, with the fields as they were typed."""
        typed = {name: self.data.get(name, "") for name in self.typed}
        return Origin(
            channel=Channel.MEMBERCARE,
            user=user,
            content=json.dumps(typed, ensure_ascii=False),
            reason=self.cleaned_data.get("reason", ""),
        )

    def add_refusal(self, refusal):
        """Put a refusal next to the field it concerns, if any."""
        if refusal.field in self.typed:
            self.add_error(refusal.field, f"{refusal.message} ({refusal.code:d})")

    def focus_on_fault(self):
        """Let the page begin at the first field that is wrong; False when none is."""
        unseen = {"request_id", *(field.name for field in self.hidden_fields())}
        wrong = [name for name in self.fields if name in self.errors and name not in unseen]
        if wrong:
            self.focus(wrong[0])
        return bool(wrong)

    def focus(self, name):
        """Let the page begin at a field."""
        self.fields[name].widget.attrs["autofocus"] = True


class EarnedIdField(forms.RegexField):
    """24 hex characters; whether there is such an issued badge is the service's to say."""

    def __init__(self, **kwargs):
        messages = {"invalid": _("The id of an issued badge has 24 characters, 0-9 and a-f.")}
        super().__init__(r"\A[0-9a-f]{24}\Z", error_messages=messages, **kwargs)

    def to_python(self, value):
        return super().to_python(value).lower()


class IssueForm(DeskForm):
    """One badge for one customer, or for each of several."""

    field_order = ["customer_id", "search", "badge_id"]

    customer_id = PastedField(
        CustomerIdField(),
        label=_("Customer ID"),
        help_text=_("As on the member record. Up to 200 can be pasted at once."),
        error_messages={"required": _("Enter the customer id.")},
    )
    search = forms.CharField(
        label=_("Find a badge"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    badge_id = BadgeIdField(label=_("Badge"))
    reissue_of = EarnedIdField(required=False, widget=forms.HiddenInput)

    def clean(self):
        if self.cleaned_data.get("reissue_of") and self.for_several:
            self.add_error("customer_id", _("A badge is issued again to its one customer alone."))

    @property
    def typed(self):
        """The fields kept as they were typed; what most forms do not have, only if it is there."""
        more = ["reissue_of"] if self.data.get("reissue_of") else []
        return ["customer_id", "badge_id", *DeskForm.typed, *more]

    @property
    def customer_ids(self):
        return self.cleaned_data["customer_id"]

    @property
    def for_several(self):
        return len(self.cleaned_data.get("customer_id", ())) > 1

    @property
    def wish(self):
        """What is asked of the service for each customer, by its names."""
        return {
            "badge_id": self.cleaned_data["badge_id"],
            "owner": None,
            "event_at": self.cleaned_data["event_at"],
        }

    @property
    def reissued(self):
        """The id of the revoked one that is issued again, also while the form is not valid."""
        given = self.cleaned_data if self.is_bound else self.initial
        return given.get("reissue_of") or None

    @property
    def chosen_badge_id(self):
        """The badge picked so far, also while the rest of the form is not valid."""
        given = self.cleaned_data if self.is_bound else self.initial
        return given.get("badge_id")


class PrefillForm(forms.Form):
    """What a link may fill in: a badge, and the customer of a receipt, never a customer's id.

    `reissue_of` brings both: those of a revoked one.
    """

    reissue_of = EarnedIdField(required=False)
    badge = BadgeIdField(required=False)
    customer_of = forms.IntegerField(
        required=False, min_value=1, max_value=BigIntegerField.MAX_BIGINT
    )
