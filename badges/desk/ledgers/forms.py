"""The forms that narrow the ledgers: what a query string asks for, typed and in words."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from badges.audit.filters import CHANGES, Filter
from badges.audit.history import DEFINITIONS, ISSUED, Book
from badges.desk.ledgers.fields import (
    ActorField,
    BadgeField,
    ChosenField,
    CodeField,
    MomentField,
    NumberField,
    OneCustomerField,
)
from badges.errors import ErrorCode
from badges.models import Channel, Operation, OwnerType, RequestOutcome, SavedFilter


def choices_of(book: Book) -> list[tuple[str, str]]:
    """Return the operations that bring rows of a book about."""
    return [(operation.value, operation.label) for operation in book.operations]


CODES = sorted((code.value, f"{code.value} {code.message}") for code in ErrorCode)


@dataclass(frozen=True)
class Chip:
    """One filter that is set, in words, and the query string without it."""

    label: str
    value: str
    without: str


class LedgerForm(forms.Form):
    """What all ledgers are narrowed by; while something in it makes no sense, it asks nothing."""

    number = NumberField()
    channel = ChosenField(Channel.choices, label=_("Channel"))
    actor = ActorField()
    badge = BadgeField()
    request_id = forms.CharField(label=_("Request id"), required=False, max_length=100)
    since = MomentField(label=_("From (UTC)"))
    until = MomentField(label=_("Until (UTC)"), is_end=True)

    def __init__(self, data):
        super().__init__(data)
        self.fields["actor"].look_up()
        for name, field in self.fields.items():
            if self[name].errors:
                field.widget.attrs["aria-invalid"] = "true"

    def clean(self):
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since >= until:
            self.add_error("until", _("This lies before the beginning."))

    @cached_property
    def asked(self) -> Filter:
        """What a valid form asks for."""
        values = {
            name: value for name, value in self.cleaned_data.items() if value not in (None, "")
        }
        badge, actor = values.pop("badge", None), values.pop("actor", {})
        return Filter(**values, **actor, badge_id=badge and badge.pk)

    @cached_property
    def query(self) -> dict[str, str]:
        """What is asked for, as a query string has it: a badge by its id, nothing that is empty."""
        texts = {name: self.data.get(name, "").strip() for name in self.fields}
        if badge := self.cleaned_data.get("badge"):
            texts["badge"] = badge.pk
        return {name: text for name, text in texts.items() if text}

    @property
    def query_string(self) -> str:
        return urlencode(self.query)

    @property
    def badge_text(self) -> str:
        """The badge as its field shows it: by its name once it is known."""
        badge = self.cleaned_data.get("badge")
        return badge.name if badge else self.data.get("badge", "")

    def with_query(self, **changes: str) -> str:
        """Return the query string with some filters changed, or taken away by an empty text."""
        changed = self.query | changes
        return urlencode({name: text for name, text in changed.items() if text})

    @cached_property
    def chips(self) -> list[Chip]:
        """The filters that are set, each to be taken away; none while some make no sense."""
        return [
            Chip(self.fields[name].label, self._in_words(name), self.with_query(**{name: ""}))
            for name in self.query
            if not self.errors
        ]

    @property
    def shown(self):
        """The fields to fill in; the badge has a template of its own."""
        return [field for field in self.visible_fields() if field.name != "badge"]

    def _in_words(self, name: str) -> str:
        if name == "badge":
            return self.badge_text
        field, text = self.fields[name], self.query[name]
        if isinstance(field, MomentField):
            return field.prepare_value(text).strftime("%Y-%m-%d %H:%M")
        if not isinstance(field, forms.ChoiceField):
            return text
        return str(dict(_flat(field.choices)).get(text, text))


class RequestForm(LedgerForm):
    """Which requests of the log to list."""

    outcome = ChosenField(RequestOutcome.choices, label=_("Outcome"))
    code = CodeField(CODES, label=_("Code"), coerce=int)
    operation = ChosenField(
        [(CHANGES, _("Every change")), *Operation.choices], label=_("Operation")
    )
    customer_id = OneCustomerField()

    field_order = [
        *("outcome", "code", "operation", "channel", "actor", "badge"),
        *("customer_id", "request_id", "since", "until"),
    ]


class DefinitionForm(LedgerForm):
    """Which revisions of badges to list."""

    operation = ChosenField(choices_of(DEFINITIONS), label=_("Operation"))

    field_order = ["badge", "operation", "actor", "channel", "request_id", "since", "until"]


class RevocationForm(LedgerForm):
    """Which revocations to list."""

    customer_id = OneCustomerField()
    owner_type = ChosenField(OwnerType.choices, label=_("Triggered by"))

    field_order = [
        *("badge", "customer_id", "actor", "channel", "owner_type"),
        *("request_id", "since", "until"),
    ]


class EnrolmentForm(RevocationForm):
    """Which enrolments to list."""

    revoked = ChosenField(
        [("no", _("Not revoked")), ("yes", _("Revoked"))],
        label=_("Revocation"),
        coerce=lambda value: value == "yes",
    )

    field_order = [
        *("badge", "customer_id", "operation", "actor", "channel", "owner_type", "revoked"),
        *("request_id", "since", "until"),
    ]


class IssuedForm(EnrolmentForm):
    """Which issued badges to list."""

    operation = ChosenField(choices_of(ISSUED), label=_("Operation"))


class NameForm(forms.Form):
    """The name that a filter is kept under."""

    name = forms.CharField(
        label=_("Name"), max_length=SavedFilter._meta.get_field("name").max_length
    )


def _flat(choices) -> list[tuple[str, str]]:
    """Return choices without their groups, by the text of their values."""
    flat = []
    for value, label in choices:
        flat += _flat(label) if isinstance(label, list) else [(str(value), label)]
    return flat
