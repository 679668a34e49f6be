"""What staff type to find anything, and to enrol a customer."""

from django import forms
from django.utils.translation import gettext_lazy as _

from badges.desk.forms import DeskForm

LONGEST_REFERENCE = 255


class FindForm(forms.Form):
    """The one search box."""

    text = forms.CharField(
        label=_("Find anything"),
        help_text=_("A customer id, an issued badge, a request, a reference or a badge name."),
        max_length=LONGEST_REFERENCE,
        error_messages={"required": _("Enter what you look for.")},
        widget=forms.TextInput(attrs={"type": "search"}),
    )


class EnrolForm(DeskForm):
    """Let one customer earn one badge; both are in the address of the page."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["event_at"].help_text = _(
            "The enrolment begins then. Leave it empty to begin now."
        )
