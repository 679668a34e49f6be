"""The forms of a group, of a custom field and of a reason; the services check the rules."""

from django import forms
from django.utils.translation import gettext_lazy as _

from badges.edit_forms import EditForm
from badges.models import RANKS, BadgeGroup, CustomField, DataType, IssueReason


class GroupForm(EditForm):
    """The name and the rank of a group."""

    left_to_rules = ("name",)

    rank = forms.IntegerField(
        label=_("Rank"),
        help_text=_("Groups are shown with the lowest number first; several may share one."),
        **RANKS,
    )

    class Meta:
        model = BadgeGroup
        fields = ("name", "rank")
        help_texts = {"name": _("No other active group may have it; capitals count.")}


class ReasonForm(EditForm):
    """The name and the rank of a reason for issuing."""

    left_to_rules = ("name",)

    rank = forms.IntegerField(
        label=_("Rank"),
        help_text=_("Reasons are listed with the lowest number first; several may share one."),
        **RANKS,
    )

    class Meta:
        model = IssueReason
        fields = ("name", "rank")
        help_texts = {
            "name": _(
                "Staff choose it when they issue a badge. Earlier requests keep the old name."
            ),
        }


class CustomFieldForm(EditForm):
    """A custom field; the data type of an existing one never changes, so it is not shown."""

    left_to_rules = ("name",)

    class Meta:
        model = CustomField
        fields = ("name", "data_type", "is_mandatory", "default_value")
        widgets = {"data_type": forms.RadioSelect}
        help_texts = {
            "name": _("No other active field may have it; capitals count."),
            "default_value": _(
                "What a mandatory field says of a badge that says nothing: a whole number, "
                "“true” or “false”, a date such as 2026-12-31, or a text."
            ),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.fields["data_type"].choices = DataType.choices
        else:
            del self.fields["data_type"]
