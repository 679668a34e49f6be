"""The forms of a badge at the desk, based on the shared forms; `picture_forms` has the pictures."""

from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.choice_fields import NamesField, OfferedRowField, are_many, chosen_in
from badges.desk.parts.forms import EARLIEST
from badges.errors import BadgeError, ErrorCode
from badges.forms import COLUMNS, DATETIME_FIELDS, BadgeForm, LimitForm, LimitRows
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
from badges.services.catalogue.definitions import BadgeDraft
from badges.time_fields import LocalDateTimeField, LocalDateTimeInput

ANY = ("", _("All"))
MAX_LIMITS = 20
EMPTY_ROWS = 3
RADIOS = {
    "earn_type": EarnType.choices,
    "earned_expiry_kind": ExpiryKind.choices,
    "enrolment_expiry_kind": ExpiryKind.choices,
}
# The field that shows the refusal of an argument with another name.
FIELDS_OF_ARGUMENTS = {"group_id": "group"}


class FilterForm(forms.Form):
    """The filters of the badge list; invalid values are ignored."""

    q = forms.CharField(
        label=_("Name or id"),
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    status = forms.ChoiceField(label=_("Status"), choices=[ANY, *Status.choices], required=False)
    active = forms.TypedChoiceField(
        label=_("Activation"),
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

    def arguments(self) -> dict:
        """Return the arguments of `badges_like`."""
        self.is_valid()
        arguments = {
            name: self.cleaned_data[name]
            for name in ("active", "earn_type", "owner_type", "claimed_by")
            if self.cleaned_data.get(name) not in (None, "")
        }
        if arguments.get("claimed_by") == "nobody":
            del arguments["claimed_by"]
            arguments["unclaimed"] = True
        if status := self.cleaned_data.get("status"):
            arguments["statuses"] = [Status(status)]
        return arguments

    @property
    def text(self) -> str:
        return self.cleaned_data.get("q", "")


class ClaimForm(forms.Form):
    """The owner of a new claim."""

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
    """A definition without its limits and pictures.

    `frozen` has the reasons for missing fields: some columns of an existing badge never change.
    """

    other_group = NamesField(
        rows=BadgeGroup.objects.filter(active=True),
        label=_("Another group"),
        help_text=_("There are too many to list. Write the whole name of the group."),
    )

    class Meta(BadgeForm.Meta):
        fields = (*COLUMNS, "group")
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3}),
            **dict.fromkeys(DATETIME_FIELDS, LocalDateTimeInput),
            **dict.fromkeys(RADIOS, forms.RadioSelect),
        }
        field_classes = {
            "group": OfferedRowField,
            **dict.fromkeys(DATETIME_FIELDS, LocalDateTimeField),
        }
        error_messages = {"name": {"unique": ErrorCode.NAME_TAKEN.message}}

    def __init__(self, *args, now: datetime, **kwargs):
        super().__init__(*args, **kwargs)
        for name, choices in RADIOS.items():
            self.fields[name].choices = choices
        for name in ("earned_expiry_count", "enrolment_expiry_count"):
            self.fields[name].label = _("How many")
        for name in DATETIME_FIELDS:
            self.fields[name].validators.append(check_year)
        self.fields["group"].queryset = _groups(self.instance.group_id)
        self.fields["group"].empty_label = _("No group")
        self.fields["group"].chosen = partial(chosen_in, self, "group")
        if not are_many(BadgeGroup.objects.filter(active=True)):
            del self.fields["other_group"]
        self.custom = list(CustomField.objects.filter(active=True).order_by("name", "pk"))
        self._add_custom_fields()
        self.frozen = self._freeze(now)

    @property
    def custom_rows(self):
        """Return the bound fields of the custom fields."""
        return [self[name_of(field)] for field in self.custom]

    def initial_of(self, row):
        values = row.custom_values.values_list("field_id", "value")
        known = {f"custom_{field}": value for field, value in values}
        return super().initial_of(row) | known

    def clean(self):
        if other := self.cleaned_data.pop("other_group", ()):
            self.cleaned_data["group"] = other[0]
        super().clean()

    def values(self):
        group = self.cleaned_data.get("group")
        return {**super().values(), "group_id": group.pk if group else None}

    def draft(self, *, limits, images, **more) -> BadgeDraft:
        """Return the whole definition; `more` are columns that the form does not show."""
        return BadgeDraft(
            values=self.changed_values() | more,
            owners=self.cleaned_data["owners"],
            limits=limits,
            images=images,
            custom_fields={field.name: self.cleaned_data[name_of(field)] for field in self.custom},
        )

    def show(self, refusal):
        refusal.field = FIELDS_OF_ARGUMENTS.get(refusal.field, refusal.field)
        super().show(refusal)

    def _add_custom_fields(self):
        for field in self.custom:
            shape = field_for(field)
            shape.initial = self.initial.get(name_of(field), "")
            self.fields[name_of(field)] = shape

    def _freeze(self, now):
        """Remove the fields that cannot change, and return the reasons; none for a new badge."""
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
        """Return each form, and whether it has a limit; the other rows begin folded."""
        return [
            (form, index < self.initial_form_count() or (self.is_bound and form.has_changed()))
            for index, form in enumerate(self)
        ]


class DeskLimitForm(LimitForm):
    """One limit; an empty row is ignored."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["max_earns"].widget.attrs["min"] = 1


LimitFormSet = forms.formset_factory(
    DeskLimitForm,
    formset=DeskLimitFormSet,
    extra=EMPTY_ROWS,
    max_num=MAX_LIMITS,
    absolute_max=MAX_LIMITS,
    validate_max=True,
    can_delete=True,
)


def limits_of(badge) -> list[dict]:
    """Return the limits that apply from now on, as initial values of the form."""
    return [
        {name: getattr(limit, name) for name in EarnLimit.VALUE_COLUMNS}
        for limit in badge.limits.all()
        if limit.until is None
    ]


def check_year(dt: datetime) -> None:
    """Refuse years before 1900, which are typing errors."""
    if dt < EARLIEST:
        raise ValidationError(_("The year must be 1900 or later."))


def name_of(field: CustomField) -> str:
    return f"custom_{field.pk}"


def field_for(custom: CustomField) -> forms.Field:
    """Return the form field of a custom field."""
    shared: dict[str, Any] = {
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
    kinds: dict[str, dict[str, str]] = {
        DataType.DATE: {"type": "date"},
        DataType.INTEGER: {"inputmode": "numeric"},
    }
    box = forms.TextInput(attrs=kinds.get(custom.data_type, {}))
    return forms.CharField(max_length=1000, widget=box, **shared)


def _check_custom(custom: CustomField, value: str) -> None:
    try:
        rules.check_custom_value(custom.name, value, custom.data_type)
    except BadgeError as refusal:
        raise ValidationError(refusal.message) from refusal


def _groups(group_id: str | None):
    """Return the groups to choose from: the active ones, and the current one of the badge."""
    active = BadgeGroup.objects.filter(active=True)
    return active | BadgeGroup.objects.filter(pk=group_id) if group_id else active
