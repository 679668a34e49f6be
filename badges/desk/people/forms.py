"""The forms of a member of staff; the services check the rules."""

from django import forms
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext_lazy as _

from badges.choice_fields import MAX_OFFERED, NamesField, are_many
from badges.edit_forms import EditForm
from badges.errors import ErrorCode
from badges.roles import ROLES
from badges.services.access import authority

# The access group of integrators, which is no role of a person.
NOT_FOR_STAFF = "Default"


class PersonForm(EditForm):
    """The names and the roles of a member of staff; a role that `actor` lacks is not offered."""

    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        label=_("Roles"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("You can give the roles whose rights you have yourself."),
    )
    other_groups = NamesField(
        rows=Group.objects.none(),
        label=_("Other roles"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("There are too many to list. Write the whole name of each, one a line."),
    )

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email", "groups")

    def __init__(self, *args, actor: User, **kwargs):
        super().__init__(*args, **kwargs)
        self._offer(authority.groups_to_give(actor).exclude(name=NOT_FOR_STAFF))

    def clean(self):
        others = self.cleaned_data.pop("other_groups", ())
        if others and "groups" in self.cleaned_data:
            keys = [group.pk for group in (*self.cleaned_data["groups"], *others)]
            self.cleaned_data["groups"] = Group.objects.filter(pk__in=keys)
            self.changed_data.append("groups")
        super().clean()

    def _offer(self, offered):
        """List current roles, and the built-in and the first other ones that are offered.

        If there are more groups than a page may read, the others are entered by their names.
        """
        groups = Group.objects.order_by("name")
        first = list(groups.values_list("pk", flat=True)[:MAX_OFFERED])
        built_in = list(groups.filter(name__in=ROLES).values_list("pk", flat=True))
        keys = list(offered.filter(pk__in=[*first, *built_in]).values_list("pk", flat=True))
        if self.instance.pk:
            keys += self.instance.groups.values_list("pk", flat=True)
        self.fields["groups"].queryset = groups.filter(pk__in=keys)
        if are_many(groups):
            self.fields["other_groups"].rows = offered
        else:
            del self.fields["other_groups"]


class NewPersonForm(PersonForm):
    """A new member of staff, who needs a user name and sets the password with a link."""

    class Meta(PersonForm.Meta):
        fields = ("username", *PersonForm.Meta.fields)
        labels = {"username": _("User name")}
        help_texts = {"username": _("The name to log in with. Letters, digits and @ . + - _ only.")}
        error_messages = {"username": {"unique": ErrorCode.NAME_TAKEN.message}}


class ResetForm(forms.Form):
    """The choice whether a reset includes the second factor."""

    second_factor = forms.BooleanField(
        label=_("Also remove the second factor, for example because the phone was lost"),
        required=False,
    )
