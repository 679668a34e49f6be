"""Forms that change a row: they repeat the values that they showed, to detect later changes."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django import forms
from django.db.models import Model
from django.forms.models import model_to_dict
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import BadgeMeta
from badges.models.names import clean_name
from badges.services.versions import version_of
from badges.time_zones import local_time

SEEN = "seen_version"
# Of a field that two users have changed: "mine" or "theirs".
CHOICE = "choice-"
THEIRS = "theirs"


@dataclass(frozen=True)
class Difference:
    """A field that another user has changed; `own_value` is empty if this user has not."""

    name: str
    label: str
    their_value: str
    own_value: str = ""

    @property
    def choice(self) -> str:
        """The name of the input that chooses between the two values."""
        return CHOICE + self.name


class RefusableForm(forms.ModelForm):
    """A form that checks the rules before it is saved, and can show a later refusal of a service.

    Its class has the refusal of an earlier attempt to save the same submission (ServiceAdmin). The
    form does not check the constraints of the columns in `left_to_rules`: the rules report the same
    errors in words for users, and know when an old row is no conflict.
    """

    refusal = None
    left_to_rules = ()

    def clean(self):
        super().clean()
        if self.refusal:
            self.show(self.refusal)
        else:
            self.show_faults()

    def clean_name(self):
        """Return the name in its normalized form, as the services do."""
        return clean_name(self.cleaned_data["name"])

    def show_faults(self):
        """Show what the rules refuse, by default if every field is valid."""
        if not self.errors:
            try:
                self.check_rules(self.cleaned_data)
            except BadgeError as refusal:
                self.show(refusal)

    def check_rules(self, cleaned):
        """Raise BadgeError if the rules refuse the data of the form."""

    def show(self, refusal):
        """Add a refusal to the field that it concerns, or to the form."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, refusal.message)

    def _get_validation_exclusions(self):
        return {*super()._get_validation_exclusions(), *self.left_to_rules}


class SeenInput(forms.HiddenInput):
    """The hidden inputs of the version that a form shows, and of the values that it shows.

    If others have changed the row, both versions are shown side by side, with a choice per field.
    """

    form = None

    def render(self, name, value, attrs=None, renderer=None):
        parts = [[super().render(name, value, attrs, renderer)], *self.form.initial_inputs()]
        if self.form.differences and not self.form.lists_differences:
            parts.append([render_to_string("desk/_conflict.html", {"form": self.form})])
        return format_html_join("", "{}", parts)


class EditForm(RefusableForm):
    """A form for a new row, or for an existing row and the version that the form shows.

    If another user has changed the row since, nothing is saved and the form is shown again: the
    values that this user typed are kept, the other fields have their new values, and every
    difference is named. Only then does the form contain the new version. Where both have changed a
    field, the user chooses a value, and the next submission has the choice.

    With `lists_differences`, the differences are errors of the form, and there is no choice.
    """

    lists_differences = False
    seen_version = forms.CharField(required=False, widget=SeenInput)

    def __init__(self, data=None, *args, **kwargs):
        super().__init__(with_choices(data), *args, **kwargs)
        self.differences: list[Difference] = []
        self.last_change = None
        self.version = None
        self.is_outdated = False
        if self.instance._state.adding:
            self.fields.pop(SEEN, None)
        elif SEEN in self.fields:  # a read-only page has no such field
            self.version = self.initial[SEEN] = version_of(self.instance)
            self.fields[SEEN].widget.form = self

    def clean(self):
        if self.version is not None and self.cleaned_data.get(SEEN) != self.version:
            self._show_changes(self.instance)
        else:
            super().clean()

    def show(self, refusal):
        if refusal.code == ErrorCode.CHANGED_MEANWHILE and self.version is not None:
            self._show_changes(type(self.instance)._default_manager.get(pk=self.instance.pk))
        else:
            super().show(refusal)

    def arguments(self) -> dict:
        """Return the arguments of the service: all values, or only changed ones of an existing row.

        For an existing row, `seen` is the version that was shown.
        """
        if self.version is None:
            return self.cleaned_data
        changed = [name for name in self.changed_data if name in self.cleaned_data]
        return {"seen": self.seen} | {name: self.cleaned_data[name] for name in changed}

    @property
    def seen(self) -> list[str]:
        """The version that was shown, in the format of the services."""
        return [self.cleaned_data[SEEN]]

    def initial_of(self, row: Model) -> dict:
        """Return the values that the form initially shows for a row."""
        return model_to_dict(row, self._meta.fields, self._meta.exclude)

    def initial_inputs(self):
        """Yield a hidden input with the shown value, for each field that can be changed."""
        for bound_field in self._changeable():
            if self.is_bound and not self.is_outdated:
                value = self._initial_data(bound_field)
            else:
                initial = self.get_initial_for_field(bound_field.field, bound_field.name)
                value = bound_field.field.prepare_value(initial)
            hidden = bound_field.field.hidden_widget()
            yield [
                hidden.render(
                    bound_field.html_initial_name, value, {"id": bound_field.html_initial_id}
                )
            ]

    def _changeable(self):
        return [
            self[name] for name, field in self.fields.items() if name != SEEN and not field.disabled
        ]

    def _initial_data(self, bound_field):
        """Return the shown value of a field, as it was submitted."""
        hidden = bound_field.field.hidden_widget()
        return hidden.value_from_datadict(self.data, self.files, bound_field.html_initial_name)

    def _show_changes(self, row: Model):
        """Load the values that others changed, keep typed values, and name the differences."""
        if self.is_outdated:
            return
        self.is_outdated = True
        self.version = version_of(row)
        self.last_change = last_change_of(row)
        self.initial |= self.initial_of(row) | {SEEN: self.version}  # type: ignore[operator]  # a dict
        self.add_error(
            None,
            _(
                "Somebody has changed this meanwhile, so nothing was saved. Your input is kept, and"
                " the other fields show the current values. Check them and save again."
            ),
        )
        for bound_field in self._changeable():
            self._show_change(bound_field)
        self.fields[SEEN].bound_data = partial(_return_value, self.version)

    def _show_change(self, bound_field):
        field, initial = bound_field.field, self._initial_data(bound_field)
        current = self.get_initial_for_field(field, bound_field.name)
        is_edited = field.has_changed(_python(field, initial), bound_field.data)
        if not is_edited:
            field.bound_data = partial(_return_value, current)
        if not field.has_changed(current, initial):
            return
        difference = Difference(
            name=bound_field.html_name,
            label=capfirst(field.label or bound_field.label),
            their_value=display_value(field, current),
            own_value=display_value(field, bound_field.data) if is_edited else "",
        )
        self.differences.append(difference)
        if self.lists_differences:
            self.add_error(None, _describe(difference))


def with_choices(data: QueryDict | None) -> QueryDict | None:
    """Return submitted data in which the fields where the user takes the other value have it.

    The other value is the one that the form has shown: its hidden inputs.
    """
    if not data:
        return data
    taken = [name for name in data if name.startswith(CHOICE) and data[name] == THEIRS]
    if not taken:
        return data
    data = data.copy()
    for choice in taken:
        inputs = re.compile(rf"(initial-)?({re.escape(choice.removeprefix(CHOICE))}(?:_\d+)?)")
        found = [match for name in list(data) if (match := inputs.fullmatch(name))]
        shown = {match[2]: data.getlist(match[0]) for match in found if match[1]}
        for match in found:
            if not match[1]:
                del data[match[0]]
        for name, values in shown.items():
            data.setlist(name, values)
    return data


def last_change_of(row: Model) -> dict:
    """Return who changed a row last and when, as far as its history or its columns have it."""
    if isinstance(row, BadgeMeta):
        revision = row.revisions.select_related("request__user", "request__integrator").first()
        if revision is not None:
            return {"actor": revision.request.actor, "at": revision.request.received_at}
    return {"actor": "", "at": getattr(row, "updated_at", None)}


def _describe(difference: Difference) -> str:
    values = {
        "field": difference.label,
        "now": difference.their_value,
        "typed": difference.own_value,
    }
    if difference.own_value:
        return _("%(field)s: now %(now)s; you typed %(typed)s.") % values
    return _("%(field)s: now %(now)s.") % values


def display_value(field: forms.Field, value) -> str:
    """Return the value of a field as text for a page."""
    if isinstance(value, datetime):
        return date_format(local_time(value), "DATETIME_FORMAT")
    if isinstance(field, forms.BooleanField):
        return str(_("Yes") if field.to_python(value) else _("No"))
    value = field.prepare_value(value)
    values = value if isinstance(value, list | tuple) else [value]
    labels = {str(key): label for key, label in getattr(field, "choices", [])}
    texts = [str(labels.get(str(item), item)) for item in values if item not in (None, "")]
    return f"“{', '.join(texts)}”" if texts else "-"


def _python(field: forms.Field, data):
    try:
        return field.to_python(data)
    except forms.ValidationError:
        return None


def _return_value(value, data, initial):
    return value
