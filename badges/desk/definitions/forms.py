"""The forms of a badge at the desk, around the shared ones; pictures have their own module."""

from datetime import datetime
from functools import partial

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.desk.forms import EARLIEST
from badges.errors import BadgeError, ErrorCode
from badges.forms import COLUMNS, BadgeForm, LimitForm, LimitRows
from badges.models import (
    BadgeGroup,
    CustomField,
    DataType,
    EarnLimit,
    EarnType,
    ExpiryKind,
    Owner,
    OwnerType,
    Status,
)
from badges.services.definitions import BadgeDraft

ANY = ("", _("All"))
MOST_LIMITS = 20
EMPTY_ROWS = 3
MOMENTS = ("starts_at", "expires_at", "earned_expiry_at", "enrolment_expiry_at")
RADIOS = {
    "earn_type": EarnType.choices,
    "earned_expiry_kind": ExpiryKind.choices,
    "enrolment_expiry_kind": ExpiryKind.choices,
}
# Where a refusal shows whose argument is no field of the form.
FIELDS_OF_ARGUMENTS = {"group_id": "group"}


class MomentInput(forms.DateTimeInput):
    """A moment in UTC, to the second where it has seconds."""

    input_type = "datetime-local"

    def format_value(self, value):
        if not isinstance(value, datetime):
            return value
        return f"{value:%Y-%m-%dT%H:%M:%S}" if value.second else f"{value:%Y-%m-%dT%H:%M}"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        if isinstance(value, datetime) and value.second:
            context["widget"]["attrs"]["step"] = 1
        return context


class FilterForm(forms.Form):
    """Which badges to list; what makes no sense filters nothing."""

    q = forms.CharField(
        label=_("Name or id"),
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    status = forms.ChoiceField(label=_("Status"), choices=[ANY, *Status.choices], required=False)
    active = forms.TypedChoiceField(
        label=_("Switched"),
        choices=[ANY, ("yes", _("Active")), ("no", _("Inactive"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        required=False,
    )
    earn_type = forms.ChoiceField(label=_("Type"), choices=[ANY, *EarnType.choices], required=False)
    owner_type = forms.ChoiceField(
        label=_("Owner"), choices=[ANY, *OwnerType.claimable()], required=False
    )
    claimed_by = forms.ChoiceField(
        label=_("Claimed by"),
        choices=[ANY, *OwnerType.claimable(), ("nobody", _("Nobody"))],
        required=False,
    )

    def asked(self) -> dict:
        """Return what to ask `badges_like`."""
        self.is_valid()
        asked = {
            name: self.cleaned_data[name]
            for name in ("active", "earn_type", "owner_type", "claimed_by")
            if self.cleaned_data.get(name) not in (None, "")
        }
        if asked.get("claimed_by") == "nobody":
            del asked["claimed_by"]
            asked["unclaimed"] = True
        if status := self.cleaned_data.get("status"):
            asked["statuses"] = [Status(status)]
        return asked

    @property
    def text(self) -> str:
        return self.cleaned_data.get("q", "")


class ClaimForm(forms.Form):
    """Who shall be able to give the badge."""

    owner_type = forms.ChoiceField(label=_("Owner"))
    reference_id = forms.CharField(
        label=_("Reference id"),
        max_length=255,
        help_text=_("The campaign, programme or journey, as its module calls it."),
    )

    def __init__(self, *args, badge, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner_type"].choices = [
            (owner.owner_type, str(owner)) for owner in badge.owners.all()
        ]

    @property
    def owner(self) -> Owner:
        return Owner(self.cleaned_data["owner_type"], self.cleaned_data["reference_id"])

    def show(self, refusal):
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, refusal.message)


class DeskBadgeForm(BadgeForm):
    """A whole definition but for its limits and pictures.

    `frozen` says why a field is not there: of a badge that exists, what can never change.
    """

    class Meta(BadgeForm.Meta):
        fields = (*COLUMNS, "group")
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3}),
            **dict.fromkeys(MOMENTS, MomentInput),
            **dict.fromkeys(RADIOS, forms.RadioSelect),
        }
        error_messages = {"name": {"unique": ErrorCode.NAME_TAKEN.message}}

    def __init__(self, *args, now: datetime, **kwargs):
        super().__init__(*args, **kwargs)
        for name, choices in RADIOS.items():
            self.fields[name].choices = choices
        for name in ("earned_expiry_count", "enrolment_expiry_count"):
            self.fields[name].label = _("How many")
        for name in MOMENTS:
            self.fields[name].validators.append(check_year)
        self.fields["group"].queryset = _groups(self.instance.group_id)
        self.fields["group"].empty_label = _("No group")
        self.custom = list(CustomField.objects.filter(active=True).order_by("name", "pk"))
        self._add_custom_fields()
        self.frozen = self._freeze(now)

    @property
    def custom_rows(self):
        """The bound fields of the organisation's own fields."""
        return [self[name_of(field)] for field in self.custom]

    def values(self):
        group = self.cleaned_data.get("group")
        return {**super().values(), "group_id": group.pk if group else None}

    def draft(self, *, limits, images, **more) -> BadgeDraft:
        """Return the whole definition; `more` are columns that the form does not show."""
        return BadgeDraft(
            values=self.values() | more,
            owners=self.cleaned_data["owners"],
            limits=limits,
            images=images,
            custom_fields={field.name: self.cleaned_data[name_of(field)] for field in self.custom},
        )

    def show(self, refusal):
        refusal.field = FIELDS_OF_ARGUMENTS.get(refusal.field, refusal.field)
        super().show(refusal)

    def _add_custom_fields(self):
        known = {} if self.instance._state.adding else self._known_values()
        for field in self.custom:
            shape = field_for(field)
            shape.initial = self.initial.get(name_of(field), known.get(field.pk, ""))
            self.fields[name_of(field)] = shape

    def _known_values(self):
        return dict(self.instance.custom_values.values_list("field_id", "value"))

    def _freeze(self, now):
        """Take away what cannot change, and say why; nothing is fixed of a new badge."""
        if self.instance._state.adding:
            return {}
        del self.fields["active"], self.fields["earn_type"]
        frozen = {"earn_type": _("The type of a badge never changes.")}
        if self.instance.starts_at <= now:
            del self.fields["starts_at"]
            frozen["starts_at"] = _("The badge has begun, so its start is fixed.")
        if self.instance.earn_type == EarnType.EARN:
            for name in [name for name in self.fields if name.startswith("enrolment_")]:
                del self.fields[name]
        return frozen


class DeskLimitFormSet(LimitRows, forms.BaseFormSet):
    """The limits of a badge, with empty rows for more."""

    def __init__(self, *args, instance, **kwargs):
        self.instance = instance
        super().__init__(*args, **kwargs)

    @property
    def rows(self):
        """Each form, and whether it holds a limit, or shall begin as an empty row folded."""
        return [
            (form, place < self.initial_form_count() or (self.is_bound and form.has_changed()))
            for place, form in enumerate(self)
        ]


class DeskLimitForm(LimitForm):
    """One limit; a row that was left empty is none."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["max_earns"].widget.attrs["min"] = 1


LimitFormSet = forms.formset_factory(
    DeskLimitForm,
    formset=DeskLimitFormSet,
    extra=EMPTY_ROWS,
    max_num=MOST_LIMITS,
    absolute_max=MOST_LIMITS,
    validate_max=True,
    can_delete=True,
)


def limits_of(badge) -> list[dict]:
    """Return the limits that hold from now on, as the rows of the form show them."""
    return [
        {name: getattr(limit, name) for name in EarnLimit.VALUE_COLUMNS}
        for limit in badge.limits.all()
        if limit.until is None
    ]


def check_year(moment: datetime) -> None:
    """Refuse dates from before anybody issued badges: they are slips of the keyboard."""
    if moment < EARLIEST:
        raise ValidationError(_("The year must be 1900 or later."))


def name_of(field: CustomField) -> str:
    return f"custom_{field.pk}"


def field_for(custom: CustomField) -> forms.Field:
    """Return a field of the form for one of the organisation's own."""
    shared = {
        "label": custom.name,
        "required": False,
        "validators": [partial(_check_custom, custom)],
        "help_text": _("Left empty, it is “%(default)s”.") % {"default": custom.default_value}
        if custom.is_mandatory
        else "",
    }
    if custom.data_type == DataType.BOOLEAN:
        choices = [("", ""), ("true", _("Yes")), ("false", _("No"))]
        return forms.ChoiceField(choices=choices, **shared)
    kinds = {DataType.DATE: {"type": "date"}, DataType.INTEGER: {"inputmode": "numeric"}}
    box = forms.TextInput(attrs=kinds.get(custom.data_type, {}))
    return forms.CharField(max_length=1000, widget=box, **shared)


def _check_custom(custom: CustomField, value: str) -> None:
    try:
        rules.check_custom_value(custom.name, value, custom.data_type)
    except BadgeError as refusal:
        raise ValidationError(refusal.message) from refusal


def _groups(group_id: str | None):
    """Return the groups to choose from: the active ones, and the one it is in."""
    active = BadgeGroup.objects.filter(active=True)
    return active | BadgeGroup.objects.filter(pk=group_id) if group_id else active
