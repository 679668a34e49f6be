"""The form of the search box."""

from django import forms
from django.utils.translation import gettext_lazy as _

MAX_TEXT_LENGTH = 255


class FindForm(forms.Form):
    """The search box."""

    text = forms.CharField(
        label=_("Search"),
        help_text=_(
            "A customer number, a badge, a request, a reference, a colleague or a page. Upper or "
            "lower case, accents and # make no difference."
        ),
        max_length=MAX_TEXT_LENGTH,
        error_messages={"required": _("Enter what you look for.")},
    )


class SuggestForm(FindForm):
    """A text that is being typed into the search box; it may be empty."""

    text = forms.CharField(required=False, max_length=MAX_TEXT_LENGTH)
