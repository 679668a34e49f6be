"""What the forms of both staff doors share: shape is checked here, refusals come from the rules."""

import json
from copy import copy
from dataclasses import replace

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
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
    Unit,
)
from badges.services.requests import Origin

EXPIRIES = ("earned", "enrolment")
BASIC_COLUMNS = ("name", "description", "earn_type", "active", "starts_at", "expires_at", "rank")
PARTS_OF_A_KIND = {ExpiryKind.RELATIVE: ("count", "unit"), ExpiryKind.FIXED_DATE: ("at",)}
EMPTY_PARTS = {"count": None, "unit": "", "at": None}
LONGEST_PERIOD = 32_767


def origin_of(request) -> Origin:
    """Return who asks with a form, and the form as it was posted."""
    posted = {
        name: values if len(values) > 1 else values[0]
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
    }
    return Origin(channel=Channel.MEMBERCARE, user=request.user, content=json.dumps(posted))


def address_of(request) -> str:
    """Return where a request came from: behind a proxy, the proxy."""
    return request.META.get("REMOTE_ADDR", "")


class RefusableForm(forms.ModelForm):
    """A form that asks the rules before it is saved, and can show what a service refused after.

    Its class carries the refusal of an earlier attempt to save the same post (ServiceAdmin).
    `left_to_rules` are columns whose constraints are not checked here: the rules say the same in
    words for people, and know when an old row is no rival.
    """

    refusal = None
    left_to_rules = ()

    def clean(self):
        super().clean()
        if self.refusal:
            self.show(self.refusal)
        elif not self.errors:
            try:
                self.check_rules(self.cleaned_data)
            except BadgeError as refusal:
                self.show(refusal)

    def check_rules(self, cleaned):
        """Raise BadgeError when the rules refuse what the form says."""

    def show(self, refusal):
        """Put a refusal next to the field it concerns, or on top."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, refusal.message)

    def focus_on_fault(self):
        """Let the page begin at the first field that is wrong."""
        for name in list(self.errors)[:1]:
            if name in self.fields:
                self.fields[name].widget.attrs["autofocus"] = True

    def _get_validation_exclusions(self):
        return {*super()._get_validation_exclusions(), *self.left_to_rules}


def expiry_fields(prefix, badge=None):
    """Return the columns of an expiry rule; of a given badge only those that its kind uses."""
    kind = f"{prefix}_expiry_kind"
    parts = PARTS_OF_A_KIND.get(getattr(badge, kind), ()) if badge else EMPTY_PARTS
    return [kind, *(f"{prefix}_expiry_{part}" for part in parts)]


def bound(form, *names):
    """Let the fields take whole periods only, and none that leads past the last year of a date."""
    for name in names:
        if name in form.fields:
            form.fields[name].validators += [
                MinValueValidator(1),
                MaxValueValidator(LONGEST_PERIOD),
            ]


COLUMNS = (*BASIC_COLUMNS, *(name for prefix in EXPIRIES for name in expiry_fields(prefix)))


class BadgeForm(RefusableForm):
    """A whole definition but for its limits and images."""

    owners = forms.MultipleChoiceField(
        label=_("Owners"),
        choices=OwnerType.claimable(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("The modules that may claim the badge; at least one."),
    )
    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    left_to_rules = tuple(name for name in COLUMNS if name != "name")

    class Meta:
        model = BadgeMeta
        fields = COLUMNS

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["seen_version"] = self.instance.version
            self.initial["owners"] = [owner.owner_type for owner in self.instance.owners.all()]
        if description := self.fields.get("description"):
            description.widget.attrs["rows"] = 3
        bound(self, *(f"{prefix}_expiry_count" for prefix in EXPIRIES))

    def clean(self):
        if self.cleaned_data.get("earn_type") == EarnType.EARN:
            self.cleaned_data["enrolment_expiry_kind"] = ""
        for prefix in EXPIRIES:
            self._tidy_expiry(prefix)
        self._keep_untouched_moments()
        super().clean()

    def check_rules(self, cleaned):
        badge = copy(self.instance)
        old = None if badge._state.adding else badge.definition()
        if old and cleaned["seen_version"] not in (None, old.version):
            self.add_error(
                None, _("Somebody has changed this badge meanwhile. Open it again from the list.")
            )
        for name, value in self.values().items():
            setattr(badge, name, value)
        limits, claims = (old.limits, old.claims) if old else ((), ())
        new = badge.with_parts(owners=cleaned["owners"], limits=limits, claims=claims)
        rules.check_definition(new, old=old, now=timezone.now())

    def values(self):
        """Return the columns that the form may set."""
        return {name: self.cleaned_data[name] for name in COLUMNS if name in self.cleaned_data}

    def _tidy_expiry(self, prefix):
        """Ask for what the kind of expiry needs, and drop what does not show with it."""
        wanted = PARTS_OF_A_KIND.get(self.cleaned_data.get(f"{prefix}_expiry_kind"), ())
        for part, empty in EMPTY_PARTS.items():
            name = f"{prefix}_expiry_{part}"
            if name not in self.fields:
                continue
            if part not in wanted:
                self.cleaned_data[name] = empty
                self.errors.pop(name, None)
            elif name not in self.errors and self.cleaned_data[name] == empty:
                self.add_error(name, _("Needed for this kind of expiry."))

    def _keep_untouched_moments(self):
        """Keep the microseconds that the widget does not show, or the end would seem to move."""
        if self.instance._state.adding:
            return
        for name, field in self.fields.items():
            untouched = name not in self.changed_data and self.cleaned_data.get(name)
            if untouched and isinstance(field, (forms.DateTimeField, forms.SplitDateTimeField)):
                self.cleaned_data[name] = getattr(self.instance, name)


class LimitForm(forms.ModelForm):
    class Meta:
        model = EarnLimit
        fields = EarnLimit.VALUE_COLUMNS

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        bound(self, "length")
        if most := self.fields.get("max_earns"):
            most.validators.append(MinValueValidator(1))

    def clean(self):
        """Ask for what the kind of window needs, and refuse what it has no use for."""
        super().clean()
        kind, unit = (self.cleaned_data.get(name) for name in ("kind", "unit"))
        whole = kind == LimitKind.FIXED_WINDOW and unit in (Unit.WEEKS, Unit.MONTHS)
        if kind == LimitKind.FIXED_VALUE:
            self._refuse(("unit", "length"), _("Without a window, leave it empty."))
        elif kind:
            self._require(("unit", "length"))
        if whole and self.cleaned_data.get("length") not in (None, 1):
            self.add_error("length", _("A fixed window is one whole week or month."))
        if kind != LimitKind.FIXED_WINDOW or unit != Unit.WEEKS:
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
    """The limits of a badge, as they shall be; for a formset, whose `instance` is the badge."""

    def kept(self):
        """Return the forms that are filled in and not marked for removal."""
        return [form for form in self.forms if form.cleaned_data and form not in self.deleted_forms]

    def clean(self):
        super().clean()
        if any(self.errors):
            return
        try:
            self.check_rules()
        except BadgeError as refusal:
            raise ValidationError(refusal.message) from refusal

    def check_rules(self):
        """Raise BadgeError when the rules refuse the limits."""
        limits = tuple(self.values())
        rules.check_limits_fit(limits)
        if not self.instance._state.adding:
            old = BadgeMeta.objects.with_parts().get(pk=self.instance.pk).definition()
            rules.check_definition(replace(old, limits=limits), old=old, now=timezone.now())

    def values(self):
        return [form.instance.value for form in self.kept()]


class IntegratorForm(RefusableForm):
    """What an integrator may do, and until when."""

    access_groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.order_by("name"),
        label=_("Access groups"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_(
            "What the integrator may do. Default allows every badge operation; the groups named "
            "after roles are meant for staff."
        ),
    )
    owner_types = forms.MultipleChoiceField(
        choices=OwnerType.claimable,
        label=_("Owner types"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("The modules it may claim and give badges for; none ticked means all."),
    )

    class Meta:
        model = Integrator
        fields = ("name", "access_groups", "owner_types", "ends_at")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].required = True
