"""The forms of an integrator; the services check the rules."""

from datetime import timedelta

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from badges.forms import IntegratorForm
from badges.time_fields import LocalDateTimeField, LocalDateTimeInput


class DeskIntegratorForm(IntegratorForm):
    """The name, access groups, owner types and end of an integrator."""

    class Meta(IntegratorForm.Meta):
        widgets = {"ends_at": LocalDateTimeInput}
        field_classes = {"ends_at": LocalDateTimeField}
        help_texts = {"ends_at": _("Refused from then on. Leave it empty for no end.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial["access_groups"] = Group.objects.filter(name="Default")


class RotationForm(forms.Form):
    """The time for which the old secret remains valid beside the new one."""

    OVERLAPS = {
        "1": _("1 hour"),
        "24": _("24 hours"),
        "168": _("7 days"),
        "0": _("Stop it immediately (compromised or unused)"),
    }

    overlap = forms.TypedChoiceField(
        label=_("The old secret goes on working for"),
        choices=list(OVERLAPS.items()),
        coerce=lambda hours: timedelta(hours=int(hours)),
        initial="24",
        widget=forms.RadioSelect,
    )
