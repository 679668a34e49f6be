"""The form of a badge and of its limits and images: shape here, refusals from the rules."""

from copy import copy
from dataclasses import replace

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from badges import rules
from badges.admin.base import RefusableForm
from badges.errors import BadgeError
from badges.models import (
    BadgeMeta,
    EarnLimit,
    EarnType,
    ExpiryKind,
    LimitKind,
    OwnerType,
    Unit,
)
from badges.services.definitions import BadgeDraft

EXPIRIES = ("earned", "enrolment")
BASIC_COLUMNS = ("name", "description", "earn_type", "active", "starts_at", "expires_at", "rank")
PARTS_OF_A_KIND = {ExpiryKind.RELATIVE: ("count", "unit"), ExpiryKind.FIXED_DATE: ("at",)}
EMPTY_PARTS = {"count": None, "unit": "", "at": None}
LONGEST_PERIOD = 32_767
IMAGE_COLUMNS = ("tag", "name", "url", "file_handle")


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
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
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

    def draft(self, *, limits, images) -> BadgeDraft:
        owners = self.cleaned_data["owners"]
        return BadgeDraft(values=self.values(), owners=owners, limits=limits, images=images)

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
            if untouched and isinstance(field, forms.SplitDateTimeField):
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


class PartFormSet(PaginationInlineFormSet):
    """The limits or images of a badge, as they shall be."""

    def kept(self):
        """Return the forms that are filled in and not marked for removal."""
        return [form for form in self.forms if form.cleaned_data and form not in self.deleted_forms]


class LimitFormSet(PartFormSet):
    def clean(self):
        super().clean()
        if any(self.errors) or self.instance._state.adding:
            return
        old = BadgeMeta.objects.with_parts().get(pk=self.instance.pk).definition()
        new = replace(old, limits=tuple(self.values()))
        try:
            rules.check_definition(new, old=old, now=timezone.now())
        except BadgeError as refusal:
            raise ValidationError(refusal.message) from refusal

    def values(self):
        return [form.instance.value for form in self.kept()]


class ImageFormSet(PartFormSet):
    def values(self):
        return [{name: form.cleaned_data[name] for name in IMAGE_COLUMNS} for form in self.kept()]
