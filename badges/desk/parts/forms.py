"""Shared forms and fields, which check the format of the input; the services check the rules."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db.models import BigIntegerField
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from badges.desk.parts.grouped_numbers import refuse_grouped_numbers
from badges.desk.parts.pasted import PastedField
from badges.desk.parts.problems import Part
from badges.models import Channel, IssueReason
from badges.models.ids import MAX_CUSTOMER_ID
from badges.models.reasons import MAX_CASE_NUMBER_LENGTH
from badges.services.customers.confirmations import Confirmation
from badges.services.request_log import Origin
from badges.time_fields import LocalDateTimeField
from badges.time_zones import in_zone, zone_of_input

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def new_request_id():
    return f"desk-{uuid4().hex}"


class SearchForm(forms.Form):
    """The search of a list, with a label that names what is searched."""

    q = forms.CharField(
        max_length=255, required=False, widget=forms.TextInput(attrs={"type": "search"})
    )

    def __init__(self, *args, label: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["q"].label = label

    @property
    def text(self) -> str:
        """Return the search term, or an empty text if it is invalid."""
        return self.cleaned_data["q"] if self.is_valid() else ""


class CustomerIdField(forms.RegexField):
    """ASCII digits from 1 to 2^63-1, cleaned to an integer."""

    default_error_messages = {
        "required": _("Enter the customer id."),
        "invalid": _("A customer id has digits only."),
        "out_of_range": _("No customer can have this id. Check the digits."),
    }

    def __init__(self, **kwargs):
        super().__init__(r"\A[0-9]+\Z", max_length=40, strip=True, **kwargs)

    def clean(self, value):
        refuse_grouped_numbers(value or "")
        number = int(super().clean(value))
        if not 1 <= number <= MAX_CUSTOMER_ID:
            raise ValidationError(self.error_messages["out_of_range"], code="out_of_range")
        return number


class CustomerIdsField(PastedField):
    """Customer ids pasted from a mail or a table; refuses numbers in groups of digits."""

    def __init__(self, **kwargs):
        super().__init__(CustomerIdField(), **kwargs)

    def clean(self, value):
        refuse_grouped_numbers(value or "")
        return super().clean(value)


class BadgeIdField(forms.RegexField):
    """24 lower-case hex characters; the service checks that the badge exists."""

    def __init__(self, **kwargs):
        messages = {
            "required": _("Choose a badge."),
            "invalid": _("Choose a badge from the list."),
        }
        super().__init__(r"\A[0-9a-f]{24}\Z", error_messages=messages, **kwargs)


class DeskForm(forms.Form):
    """Base class of all forms that change data: a date, a reason, and an id to use once.

    `typed` lists the fields that the request log stores as they were typed.
    """

    typed = ["event_at", "reason"]

    event_at = LocalDateTimeField(
        label=in_zone(_("Event date")),
        help_text=_("Date of the qualifying activity. Leave blank to use the current time."),
        required=False,
        validators=[MinValueValidator(EARLIEST, message=_("The year must be 1900 or later."))],
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Optional. Visible in the audit log."),
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
        """Return the request id for the page: the posted one, or a new one if it is invalid."""
        return new_request_id() if "request_id" in self.errors else self["request_id"].value()

    def origin(self, user):
        """Return the origin of the request, with the fields as they were typed."""
        typed = {name: self.data.get(name, "") for name in self.typed} | zone_of_input()
        return Origin(
            channel=Channel.MEMBERCARE,
            user=user,
            content=json.dumps(typed, ensure_ascii=False),
            reason=self.cleaned_data.get("reason", ""),
        )

    def add_refusal(self, refusal):
        """Add a refusal to the field that it concerns, if there is one."""
        if refusal.field in self.typed:
            self.add_error(refusal.field, f"{refusal.message} ({refusal.code:d})")

    def parts(self):
        """Return the fields that the page shows, for the summary of errors and the focus."""
        return [Part(self, [each for each in self.visible_fields() if each.name != "request_id"])]

    def focus(self, name):
        """Set the focus of the page to a field."""
        self.fields[name].widget.attrs["autofocus"] = True


class EarnedIdField(forms.RegexField):
    """24 hex characters; the service checks that the issued badge exists."""

    def __init__(self, **kwargs):
        messages = {"invalid": _("The id of an issued badge has 24 characters, 0-9 and a-f.")}
        super().__init__(r"\A[0-9a-f]{24}\Z", error_messages=messages, **kwargs)

    def to_python(self, value):
        return super().to_python(value).lower()


class ConfirmingForm(DeskForm):
    """Base class of the forms that ask before they issue or enrol (`desk.issuing.questions`).

    A tick sends the numbers or ids that it confirms: it does not confirm those that another check
    finds later.
    """

    confirmed = ["new_customers", "recent"]

    new_customers = PastedField(CustomerIdField(), required=False, widget=forms.HiddenInput)
    recent = PastedField(EarnedIdField(), required=False, widget=forms.HiddenInput)

    @property
    def typed(self):
        """Return the fields to store as they were typed, with the ticks that were sent."""
        return [*DeskForm.typed, *self.sent(self.confirmed)]

    def sent(self, names):
        """Return the names of the fields that have a value."""
        return [name for name in names if self.data.get(name)]

    @property
    def confirmation(self):
        """Return the answers of the user, also of an invalid or an unsent form."""
        given = self.cleaned_data if self.is_bound else {}
        return Confirmation(**{name: frozenset(given.get(name) or ()) for name in self.confirmed})


class IssueForm(ConfirmingForm):
    """One badge for one or several customers."""

    field_order = ["customer_id", "search", "badge_id", "event_at", "because", "case_number"]
    optional = ["because", "case_number", "reissue_of", *ConfirmingForm.confirmed]

    customer_id = CustomerIdsField(
        label=_("Customer ID"),
        help_text=_(
            "As on the member record, without separators. Paste up to 200, one per line; "
            "Shift + Enter begins a new line."
        ),
        error_messages={"required": _("Enter the customer id.")},
    )
    search = forms.CharField(
        label=_("Find a badge"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    badge_id = BadgeIdField(label=_("Badge"))
    because = forms.ModelChoiceField(
        IssueReason.objects.filter(active=True),
        label=_("Reason"),
        required=False,
        empty_label=_("No reason chosen"),
        error_messages={"invalid_choice": _("Choose a reason from the list.")},
    )
    case_number = forms.CharField(
        label=_("Case number"),
        help_text=_("Optional. The number of the ticket or complaint."),
        required=False,
        max_length=MAX_CASE_NUMBER_LENGTH,
    )
    reissue_of = EarnedIdField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("Comment")

    def clean(self):
        if self.cleaned_data.get("reissue_of") and self.for_several:
            self.add_error(
                "customer_id", _("A badge can only be issued again to the same customer.")
            )

    @property
    def typed(self):
        """Return the fields to store as they were typed; optional ones only if they were sent."""
        return ["customer_id", "badge_id", *DeskForm.typed, *self.sent(self.optional)]

    def origin(self, user):
        """Return the origin of the request, with the chosen reason and the case number."""
        because = self.cleaned_data.get("because")
        return replace(
            super().origin(user),
            because=because.pk if because else None,
            case_number=self.cleaned_data.get("case_number", ""),
        )

    @property
    def customer_ids(self):
        return self.cleaned_data["customer_id"]

    @property
    def repeated(self):
        """Return the numbers that were entered more than once, also of a form that is not sent."""
        return self.customer_ids.repeated if self.is_bound else {}

    @property
    def for_several(self):
        return len(self.cleaned_data.get("customer_id", ())) > 1

    @property
    def earn_arguments(self):
        """Return the arguments of the service that all customers share."""
        return {
            "badge_id": self.cleaned_data["badge_id"],
            "owner": None,
            "event_at": self.cleaned_data["event_at"],
        }

    @property
    def reissued(self):
        """Return the id of the revoked badge that is issued again, also of an invalid form."""
        given = self.cleaned_data if self.is_bound else self.initial
        return given.get("reissue_of") or None

    @property
    def chosen_badge_id(self):
        """Return the chosen badge, also of an invalid form."""
        given = self.cleaned_data if self.is_bound else self.initial
        return given.get("badge_id")


class PrefillForm(forms.Form):
    """The values that a link may set: a badge, and the customer of a receipt, never a customer id.

    `reissue_of` is a revoked badge and sets both.
    """

    reissue_of = EarnedIdField(required=False)
    badge = BadgeIdField(required=False)
    customer_of = forms.IntegerField(
        required=False, min_value=1, max_value=BigIntegerField.MAX_BIGINT
    )
