"""The forms of a member of staff; the services check the rules."""

from functools import partial

from django import forms
from django.contrib.auth.models import Group, User
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from badges.choice_fields import NamesField, OfferedRowsField, are_many, chosen_in
from badges.edit_forms import EditForm
from badges.errors import ErrorCode
from badges.services.access import authority

# The access group of integrators, which is no role of a person.
NOT_FOR_STAFF = "Default"


class PersonForm(EditForm):
    """The names and the roles of a member of staff; a role that `actor` lacks is not offered."""

    groups = OfferedRowsField(
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
        roles = self._roles(actor)
        self.fields["groups"].queryset = roles
        self.fields["groups"].chosen = partial(chosen_in, self, "groups")
        if are_many(roles):
            self.fields["other_groups"].rows = roles
        else:
            del self.fields["other_groups"]

    def clean(self):
        others = self.cleaned_data.pop("other_groups", ())
        if others and "groups" in self.cleaned_data:
            keys = [group.pk for group in (*self.cleaned_data["groups"], *others)]
            self.cleaned_data["groups"] = Group.objects.filter(pk__in=keys)
            self.changed_data.append("groups")
        super().clean()

    def _roles(self, actor: User):
        """Return the roles to choose from: those that the actor may give, and current ones."""
        offered = Q(pk__in=authority.groups_to_give(actor).exclude(name=NOT_FOR_STAFF).values("pk"))
        if self.instance.pk:
            offered |= Q(pk__in=self.instance.groups.values("pk"))
        return Group.objects.filter(offered).order_by("name")


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
