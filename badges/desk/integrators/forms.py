"""What staff say of an integrator; whether it may be so is said by the services."""

from datetime import timedelta

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from badges.desk.definitions.forms import MomentInput
from badges.forms import IntegratorForm


class DeskIntegratorForm(IntegratorForm):
    """Name, access groups, owner types and end of an integrator."""

    class Meta(IntegratorForm.Meta):
        widgets = {"ends_at": MomentInput}
        labels = {"ends_at": _("Ends (UTC)")}
        help_texts = {"ends_at": _("Refused from then on. Leave it empty for no end.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial["access_groups"] = Group.objects.filter(name="Default")


class RotationForm(forms.Form):
    """How long the secret of today goes on working beside the new one."""

    OVERLAPS = {
        "1": _("1 hour"),
        "24": _("24 hours"),
        "168": _("7 days"),
        "0": _("Not at all: it leaked, or nobody uses it"),
    }

    overlap = forms.TypedChoiceField(
        label=_("The old secret goes on working for"),
        choices=list(OVERLAPS.items()),
        coerce=lambda hours: timedelta(hours=int(hours)),
        initial="24",
        widget=forms.RadioSelect,
    )
