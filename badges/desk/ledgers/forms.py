"""The filter forms of the ledgers, which parse a query string and describe it in words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from badges.audit.filters import CHANGES, Filter
from badges.audit.history import DEFINITIONS, ISSUED, LedgerQuery
from badges.desk.ledgers.fields import (
    ActorField,
    BadgeField,
    ChosenField,
    CodeField,
    NumberField,
    OneCustomerField,
    SelectedField,
)
from badges.desk.ledgers.periods import PeriodField, ZoneField, zone_in
from badges.desk.parts.presets import Preset, PresetLink, preset_links
from badges.errors import ErrorCode
from badges.models import Channel, Operation, OwnerType, RequestOutcome, SavedFilter
from badges.time_zones import in_zone

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def choices_of(book: LedgerQuery) -> "list[tuple[str, StrOrPromise]]":
    """Return the operations that write rows of a ledger."""
    return [(operation.value, operation.label) for operation in book.operations]


CODES = sorted((code.value, f"{code.value} {code.message}") for code in ErrorCode)


@dataclass(frozen=True)
class Chip:
    """One active filter in words, and the query string without it."""

    label: "StrOrPromise | None"
    value: str
    without: str


class LedgerForm(forms.Form):
    """The filters that all ledgers have; an invalid form lists no rows.

    `period` is a preset, which `since` and `until` replace: a saved view of last week stays one of
    last week. `sort` is the text of a `Sort`. It is no filter, but belongs to a saved view.
    """

    number = NumberField()
    selected = SelectedField()
    period = ChosenField(Preset.choices, label=_("Period"), coerce=Preset, widget=forms.HiddenInput)
    sort = forms.CharField(required=False, max_length=50, widget=forms.HiddenInput)
    channel = ChosenField(Channel.choices, label=_("Channel"))
    actor = ActorField()
    badge = BadgeField()
    request_id = forms.CharField(label=_("Request id"), required=False, max_length=100)
    since = PeriodField(label=in_zone(_("From")))
    until = PeriodField(label=in_zone(_("Until")), is_end=True)
    zone = ZoneField()

    def __init__(self, data):
        super().__init__(data)
        self.fields["since"].zone = self.fields["until"].zone = zone_in(data)
        for name, field in self.fields.items():
            if self[name].errors:
                field.widget.attrs["aria-invalid"] = "true"

    def clean(self):
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since >= until:
            self.add_error("until", _("This lies before the beginning."))

    @cached_property
    def filters(self) -> Filter:
        """Return the filter of a valid form."""
        values = {
            name: value for name, value in self.cleaned_data.items() if value not in (None, "")
        }
        if (preset := values.pop("period", None)) and not self.is_custom:
            values["since"], values["until"] = preset.bounds(timezone.localdate())
        badge, actor, pks, _sort, _zone = (
            values.pop(name, None) for name in ("badge", "actor", "selected", "sort", "zone")
        )
        by = {f"{actor.column}_id": actor.pk} if actor else {}
        return Filter(**values, **by, badge_id=badge and badge.pk, pks=pks)

    @cached_property
    def query(self) -> dict[str, str]:
        """Return the filters as query parameters: by key if there is one, without empty texts."""
        texts = {name: self.data.get(name, "").strip() for name in self.fields}
        if self.is_custom:
            texts["period"] = ""
        if selected := self.cleaned_data.get("selected"):
            texts["selected"] = ".".join(map(str, selected))
        if badge := self.cleaned_data.get("badge"):
            texts["badge"] = badge.pk
        if actor := self.cleaned_data.get("actor"):
            texts["actor"] = actor.link
        return _without_empty(texts)

    @property
    def query_string(self) -> str:
        return urlencode(self.query)

    @property
    def is_custom(self) -> bool:
        """Whether the user has typed the period."""
        return any(self.data.get(name, "").strip() for name in ("since", "until"))

    @property
    def presets(self) -> list[PresetLink]:
        """Return the links to the presets, with the other filters."""
        return preset_links(
            self.query.get("period", ""),
            lambda name: f"?{self.with_query(period=name, since='', until='')}",
        )

    @property
    def fixed_query_string(self) -> str:
        """Return the query string with the days of the preset, which do not change tomorrow."""
        if not (preset := self.query.get("period")):
            return self.query_string
        first, last = Preset(preset).days(timezone.localdate())
        zone = timezone.get_current_timezone_name()
        return self.with_query(period="", since=str(first), until=str(last), zone=zone)

    @property
    def badge_text(self) -> str:
        """Return the name of the badge if it was found, else the typed text."""
        badge = self.cleaned_data.get("badge")
        return badge.name if badge else self.data.get("badge", "")

    @property
    def actor_text(self) -> str:
        """Return the name of the actor if it was found, else the typed text."""
        actor = self.cleaned_data.get("actor")
        return actor.name if actor else self.data.get("actor", "")

    def with_query(self, **changes: str) -> str:
        """Return the query string with some filters changed; an empty text removes one."""
        return urlencode(_without_empty(self.query | changes))

    @cached_property
    def chips(self) -> list[Chip]:
        """Return the active filters, which can be removed; an invalid form has none."""
        return [
            Chip(self.fields[name].label, self._in_words(name), self.with_query(**{name: ""}))
            for name in self.query
            if name not in ("sort", "zone") and not self.errors
        ]

    @property
    def shown(self):
        """Return the visible fields without the searchable ones, which the template shows."""
        return [field for field in self.visible_fields() if field.name not in ("badge", "actor")]

    def _in_words(self, name: str) -> str:
        if name == "badge":
            return self.badge_text
        if name == "actor":
            return self.actor_text
        field, text = self.fields[name], self.query[name]
        if name == "selected":
            return str(len(self.cleaned_data[name]))
        if isinstance(field, PeriodField):
            return date_format(field.prepare_value(text), "DATETIME_FORMAT")
        if not isinstance(field, forms.ChoiceField):
            return text
        return str(dict(_flat(field.choices)).get(text, text))


class RequestForm(LedgerForm):
    """The filters of the request log."""

    selected = SelectedField(are_numbers=True)
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
    """The filters of the revisions of badges."""

    selected = SelectedField(are_numbers=True)
    operation = ChosenField(choices_of(DEFINITIONS), label=_("Operation"))

    field_order = ["badge", "operation", "actor", "channel", "request_id", "since", "until"]


class RevocationForm(LedgerForm):
    """The filters of the revocations."""

    customer_id = OneCustomerField()
    owner_type = ChosenField(OwnerType.choices, label=_("Triggered by"))

    field_order = [
        *("badge", "customer_id", "actor", "channel", "owner_type"),
        *("request_id", "since", "until"),
    ]


class EnrolmentForm(RevocationForm):
    """The filters of the enrolments."""

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
    """The filters of the issued badges."""

    operation = ChosenField(choices_of(ISSUED), label=_("Operation"))


class NameForm(forms.Form):
    """The name of a saved filter."""

    name = forms.CharField(
        label=_("Name"), max_length=SavedFilter._meta.get_field("name").max_length
    )


def _without_empty(texts: dict[str, str]) -> dict[str, str]:
    """Return the query parameters that have a text; the zone only with a time."""
    has_time = texts.get("since") or texts.get("until")
    return {name: text for name, text in texts.items() if text and (name != "zone" or has_time)}


def _flat(choices) -> list[tuple[str, str]]:
    """Return choices without their groups, with their values as text."""
    flat: list[tuple[str, str]] = []
    for value, label in choices:
        flat += _flat(label) if isinstance(label, list) else [(str(value), label)]
    return flat
