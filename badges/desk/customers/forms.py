"""The forms to search for anything and to enrol a customer."""

from django import forms
from django.utils.translation import gettext_lazy as _

from badges.desk.parts.forms import DeskForm

MAX_REFERENCE_LENGTH = 255


class FindForm(forms.Form):
    """The search box."""

    text = forms.CharField(
        label=_("Search"),
        help_text=_("A customer id, an issued badge, a request, a reference or a badge name."),
        max_length=MAX_REFERENCE_LENGTH,
        error_messages={"required": _("Enter what you look for.")},
        widget=forms.TextInput(attrs={"type": "search"}),
    )


class EnrolForm(DeskForm):
    """Enrol one customer for one badge; the URL of the page contains both."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["event_at"].help_text = _(
            "The enrolment begins then. Leave it empty to begin now."
        )
