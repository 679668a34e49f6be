"""The forms to revoke issued badges: the selection, and the reason."""

import json

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.desk.parts.forms import DeskForm, EarnedIdField
from badges.desk.parts.pasted import PastedField, check_number
from badges.models import Channel
from badges.services.request_log import Origin

# The reason in words of a revocation by "Undo"; the request log stores it in English.
UNDONE = "Undone right after issuing"


class Reason(TextChoices):
    """The reasons for a revocation; the request log stores the values."""

    ERROR = "Issued in error", gettext_lazy("Issued in error")
    CUSTOMER = "Customer request", gettext_lazy("Customer request")
    FRAUD = "Fraud", gettext_lazy("Fraud")
    TEST = "Test data", gettext_lazy("Test data")
    OTHER = "Other", gettext_lazy("Other")


class EarnedIdsInput(forms.MultipleHiddenInput):
    """Ids of issued badges; an index table posts them as `selected`."""

    def value_from_datadict(self, data, files, name):
        return [*data.getlist(name), *data.getlist("selected")]


class EarnedIdsField(forms.Field):
    """Ids of issued badges, posted as one value each."""

    widget = EarnedIdsInput

    def clean(self, value):
        check_number(len(value))
        return [EarnedIdField().clean(each) for each in value]


class SelectionForm(forms.Form):
    """The selected badges, ticked on a page or pasted as ids."""

    earned = EarnedIdsField(required=False)
    pasted = PastedField(
        EarnedIdField(),
        required=False,
        label=gettext_lazy("IDs of issued badges, or a customer ID"),
        help_text=gettext_lazy(
            "Paste up to 200 badge IDs, separated by spaces, commas or new lines. A customer ID "
            "lists the customer's badges to choose from."
        ),
    )

    def clean(self):
        given = self.cleaned_data
        ids = list(dict.fromkeys([*given.get("earned", ()), *given.get("pasted", ())]))
        if not ids and not self.errors:
            self.add_error("pasted", _("Enter the id of an issued badge."))
        try:
            check_number(len(ids))
        except ValidationError as error:
            self.add_error("pasted", error)
        self.earned_badge_ids = ids


class ReasonForm(DeskForm):
    """The reason: a choice, and a text."""

    typed = ["because", "reason"]
    event_at = None  # removes the field

    because = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose a reason.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Comment"),
        help_text=gettext_lazy("Visible in the audit log. Required for “Other”."),
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean(self):
        given = self.cleaned_data
        if given.get("because") == Reason.OTHER and not given.get("reason"):
            self.add_error("reason", _("Enter a comment that explains the reason."))

    def origin(self, user, **selection):
        """Return the origin of the request, with the selection and both parts of the reason."""
        typed = {name: self.data.get(name, "") for name in self.typed}
        parts = [self.cleaned_data["because"], self.cleaned_data["reason"]]
        return Origin(
            channel=Channel.MEMBERCARE,
            user=user,
            content=json.dumps(selection | typed, ensure_ascii=False),
            reason=": ".join(part for part in parts if part),
        )
