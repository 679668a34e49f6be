"""Forms that desk and admin share: they check the format, and the rules check the content."""

import json
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.choice_fields import NamesField, OfferedRowsField, are_many, chosen_in
from badges.edit_forms import EditForm
from badges.errors import BadgeError
from badges.models import (
    BadgeMeta,
    Channel,
    EarnLimit,
    EarnType,
    ExpiryKind,
    Integrator,
    LimitKind,
    OwnerType,
)
from badges.models.units import MAX_PERIOD, UNITS
from badges.services.request_log import Origin
from badges.time_zones import in_zone, zone_of_input

EXPIRIES = ("earned", "enrolment")
DATETIME_FIELDS = ("starts_at", "expires_at", "earned_expiry_at", "enrolment_expiry_at")
BASIC_COLUMNS = ("name", "description", "earn_type", "active", "starts_at", "expires_at", "rank")
EXPIRY_PARTS = {ExpiryKind.RELATIVE: ("count", "unit"), ExpiryKind.FIXED_DATE: ("at",)}
EMPTY_PARTS = {"count": None, "unit": "", "at": None}
NEVER = {"kind": ExpiryKind.NEVER, **EMPTY_PARTS}
STAND_INS = {
    "earn_type": EarnType.EARN,
    "starts_at": datetime.min.replace(tzinfo=UTC),
    "expires_at": datetime.max.replace(tzinfo=UTC),
}


def origin_of(request) -> Origin:
    """Return the origin of a form submission, with the submitted form as its content."""
    posted = {
        name: values if len(values) > 1 else values[0]
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
    }
    content = json.dumps(posted | zone_of_input())
    return Origin(channel=Channel.MEMBERCARE, user=request.user, content=content)


def posted_data(request):
    """Return the posted data, or None if the form is only shown."""
    return request.POST if request.method == "POST" else None


def expiry_fields(prefix, badge=None):
    """Return the columns of an expiry rule; for a given badge, only those that its kind uses."""
    kind = f"{prefix}_expiry_kind"
    parts = EXPIRY_PARTS.get(getattr(badge, kind), ()) if badge else EMPTY_PARTS
    return [kind, *(f"{prefix}_expiry_{part}" for part in parts)]


def limit_periods(form, *names):
    """Limit fields to whole periods from 1 to MAX_PERIOD, so that no date exceeds the last year."""
    for name in names:
        if name in form.fields:
            form.fields[name].validators += [
                MinValueValidator(1),
                MaxValueValidator(MAX_PERIOD),
            ]


def name_zone(form, *names):
    """Add the name of the current time zone to the labels of fields for times."""
    for name in names:
        if name in form.fields:
            form.fields[name].label = in_zone(form.fields[name].label)


COLUMNS = (*BASIC_COLUMNS, *(name for prefix in EXPIRIES for name in expiry_fields(prefix)))


class BadgeForm(EditForm):
    """A complete definition, except for its limits and images."""

    owners = forms.MultipleChoiceField(
        label=_("Owners"),
        choices=OwnerType.claimable(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("The modules that may claim the badge; at least one."),
    )

    left_to_rules = tuple(name for name in COLUMNS if name != "name")

    class Meta:
        model = BadgeMeta
        fields = COLUMNS
        # Those of the columns name UTC, in which they are stored.
        help_texts = {
            "starts_at": _("From then on it can be issued."),
            "expires_at": _("The badge is over then."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial |= self.initial_of(self.instance)
        name_zone(self, *DATETIME_FIELDS)
        self._before = copy(self.instance)
        if description := self.fields.get("description"):
            description.widget.attrs["rows"] = 3
        limit_periods(self, *(f"{prefix}_expiry_count" for prefix in EXPIRIES))

    def clean(self):
        if self.cleaned_data.get("earn_type") == EarnType.EARN:
            self.cleaned_data["enrolment_expiry_kind"] = ""
        for prefix in EXPIRIES:
            self._clean_expiry(prefix)
        self._keep_unchanged_datetimes()
        super().clean()

    def show_faults(self):
        """Show everything that the rules refuse, also beside invalid fields (F12)."""
        badge = copy(self.instance)
        old = None if badge._state.adding else badge.definition()
        for name, value in (self.values() | self._stand_ins()).items():
            setattr(badge, name, value)
        limits, claims = (old.limits, old.claims) if old else ((), ())
        owners = self.cleaned_data.get("owners", ())
        new = badge.with_parts(owners=owners, limits=limits, claims=claims)
        for fault in rules.definition_faults(new, old=old, now=timezone.now()):
            if fault.field not in self.errors:
                self.show(fault)

    def _stand_ins(self):
        """Return values for invalid fields, so that the rules can check the other fields.

        The rules may refuse these values too, but then the field has an error already.
        """
        wrong = self.errors.keys()
        found = {name: each for name, each in STAND_INS.items() if name in wrong}
        for prefix in EXPIRIES:
            if wrong & set(expiry_fields(prefix)):
                found |= {f"{prefix}_expiry_{part}": value for part, value in NEVER.items()}
        if "earn_type" in wrong:
            found["enrolment_expiry_kind"] = ""
        return found

    def initial_of(self, row):
        owners = [owner.owner_type for owner in row.owners.all()]
        return super().initial_of(row) | {"owners": owners}

    def values(self):
        """Return the columns that the form may set."""
        return {name: self.cleaned_data[name] for name in COLUMNS if name in self.cleaned_data}

    def changed_values(self):
        """Return the columns to write: all for a new badge, changed ones for an existing badge."""
        values = self.values()
        if self.version is None:
            return values
        before = self._before
        return {name: value for name, value in values.items() if value != getattr(before, name)}

    def _clean_expiry(self, prefix):
        """Require the parts that the kind of expiry needs, and clear the parts that it hides."""
        required_parts = EXPIRY_PARTS.get(self.cleaned_data.get(f"{prefix}_expiry_kind"), ())
        for part, empty in EMPTY_PARTS.items():
            name = f"{prefix}_expiry_{part}"
            if name not in self.fields:
                continue
            if part not in required_parts:
                self.cleaned_data[name] = empty
                self.errors.pop(name, None)
            elif name not in self.errors and self.cleaned_data[name] == empty:
                self.add_error(name, _("Needed for this kind of expiry."))

    def _keep_unchanged_datetimes(self):
        """Keep the microseconds that the widget does not show; otherwise the end seems to move."""
        if self.instance._state.adding:
            return
        for name, field in self.fields.items():
            unchanged = name not in self.changed_data and self.cleaned_data.get(name)
            if unchanged and isinstance(field, (forms.DateTimeField, forms.SplitDateTimeField)):
                self.cleaned_data[name] = getattr(self.instance, name)


class LimitForm(forms.ModelForm):
    class Meta:
        model = EarnLimit
        fields = EarnLimit.VALUE_COLUMNS

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        limit_periods(self, "length")
        if max_earns := self.fields.get("max_earns"):
            max_earns.validators.append(MinValueValidator(1))

    def clean(self):
        """Require the fields that the kind of window needs, and refuse the others."""
        super().clean()
        kind, unit = (self.cleaned_data.get(name) for name in ("kind", "unit"))
        fixed = kind == LimitKind.FIXED_WINDOW and unit in UNITS
        if kind == LimitKind.FIXED_VALUE:
            self._refuse(("unit", "length"), _("Without a window, leave it empty."))
        elif kind:
            self._require(("unit", "length"))
        if fixed and not UNITS[unit].repeats and self.cleaned_data.get("length") not in (None, 1):
            self.add_error("length", _("A fixed window is one whole week or month."))
        if not (fixed and UNITS[unit].starts_on_weekday):
            self._refuse(("first_weekday",), _("Only for fixed windows of a week."))

    def _refuse(self, names, message):
        for name in names:
            if self.cleaned_data.get(name) not in (None, ""):
                self.add_error(name, message)

    def _require(self, names):
        for name in names:
            if name not in self.errors and self.cleaned_data.get(name) in (None, ""):
                self.add_error(name, _("Needed for this kind of window."))


class LimitRows:
    """The limits of a badge as submitted; for a formset whose `instance` is the badge."""

    def kept(self):
        """Return the forms that are filled in, valid, and not marked for removal."""
        return [
            form
            for form in self.forms
            if form.cleaned_data and not form.errors and not self._should_delete_form(form)
        ]

    def clean(self):
        super().clean()
        try:
            self.check_rules()
        except BadgeError as refusal:
            raise ValidationError(refusal.message) from refusal

    def check_rules(self):
        """Raise BadgeError if the rules refuse the limits that are valid by themselves."""
        limits = tuple(self.values())
        rules.check_limits_fit(limits)
        if not (self.instance._state.adding or any(self.errors)):
            old = BadgeMeta.objects.with_parts().get(pk=self.instance.pk).definition()
            rules.check_definition(replace(old, limits=limits), old=old, now=timezone.now())

    def values(self):
        return [form.instance.value for form in self.kept()]


class IntegratorForm(EditForm):
    """The name, the rights and the end of an integrator."""

    access_groups = OfferedRowsField(
        queryset=Group.objects.order_by("name"),
        label=_("Access groups"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_(
            "What the integrator may do. Default allows every badge operation; the groups named "
            "after roles are meant for staff."
        ),
    )
    other_access_groups = NamesField(
        rows=Group.objects.all(),
        label=_("Other access groups"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("There are too many to list. Write the whole name of each, one a line."),
    )
    owner_types = forms.MultipleChoiceField(
        choices=OwnerType.claimable,
        label=_("Owner types"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_(
            "The modules it may claim and give badges for; none ticked means all. With a limit it"
            " changes no badges of other modules, no groups and no custom fields, revokes only what"
            " its own modules gave, and imports nothing."
        ),
    )

    class Meta:
        model = Integrator
        fields = ("name", "access_groups", "owner_types", "ends_at")
        help_texts = {"ends_at": _("Refused from then on.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        name_zone(self, "ends_at")
        if "name" in self.fields:
            self.fields["name"].required = True
        if "access_groups" in self.fields:
            self.fields["access_groups"].chosen = partial(chosen_in, self, "access_groups")
        if not are_many(Group.objects.all()):
            self.fields.pop("other_access_groups", None)

    def clean(self):
        other_groups = self.cleaned_data.pop("other_access_groups", ())
        if other_groups and "access_groups" in self.cleaned_data:
            keys = [group.pk for group in (*self.cleaned_data["access_groups"], *other_groups)]
            self.cleaned_data["access_groups"] = Group.objects.filter(pk__in=keys)
            if "access_groups" not in self.changed_data:
                self.changed_data.append("access_groups")
        super().clean()
