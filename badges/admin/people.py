"""Users and groups, in the forms of the theme; a user is switched off, never deleted."""

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Exists, OuterRef
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from badges.admin.base import ServiceAdmin
from badges.errors import BadgeError
from badges.forms import RefusableForm, origin_of
from badges.services import people, second_factor

USUAL_RIGHTS = {
    "view": _("Can view"),
    "add": _("Can add"),
    "change": _("Can change"),
    "delete": _("Can delete"),
}

admin.site.index_title = _("Overview")
# Those of the second factor would show keys, and let codes be written.
admin.site.unregister([User, Group, TOTPDevice, StaticDevice])


class WithRights:
    """Names permissions in the language of the reader; Django's table has them in English."""

    def formfield_for_manytomany(self, db_field, request=None, **kwargs):
        field = super().formfield_for_manytomany(db_field, request=request, **kwargs)
        if db_field.related_model is Permission:
            field.label_from_instance = words_of
        return field


def words_of(permission: Permission) -> str:
    """Say what a permission is about, and what it allows."""
    verb, _underscore, model = permission.codename.partition("_")
    is_usual = verb in USUAL_RIGHTS and model == permission.content_type.model
    right = USUAL_RIGHTS[verb] if is_usual else gettext(permission.name)
    return f"{permission.content_type} | {right}"


class NewUserForm(RefusableForm, UserCreationForm):
    """A name and a password; everything else comes on the next page."""


class UserForm(RefusableForm, UserChangeForm):
    """A member of staff with their groups and rights."""


class GroupForm(RefusableForm):
    """A group and what its members may do."""


def password_in(form):
    """Return the password of a valid form, or None when there shall be none."""
    return form.cleaned_data["password1"] if form.cleaned_data["set_usable_password"] else None


@admin.register(User)
class UserAdmin(WithRights, DjangoUserAdmin, ServiceAdmin):
    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    readonly_fields = ["last_login", "date_joined"]
    list_display = [*DjangoUserAdmin.list_display, "has_second_factor"]
    actions = ["remove_second_factor"]

    def get_queryset(self, request):
        devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        return super().get_queryset(request).annotate(with_second_factor=Exists(devices))

    @admin.display(description=_("Second factor"), boolean=True)
    def has_second_factor(self, user):
        return user.with_second_factor

    @admin.action(description=_("Remove the second factor"), permissions=["change"])
    def remove_second_factor(self, request, queryset):
        """For those who have lost it: whoever needs one sets up another at the next sign-in."""
        having = queryset.filter(with_second_factor=True)
        for user in having:
            second_factor.remove(origin=origin_of(request), user=user)
        messages.success(
            request,
            ngettext(
                "The second factor of %(number)s person was removed.",
                "The second factor of %(number)s people was removed.",
                len(having),
            )
            % {"number": len(having)},
        )

    def perform(self, request, form, formsets, change):
        origin, given = origin_of(request), form.cleaned_data
        if change:
            values = {name: given[name] for name in people.FIELDS if name in given}
            people.update_user(origin=origin, user_id=form.instance.pk, **values)
        else:
            made = people.create_user(
                origin=origin, username=given["username"], password=password_in(form)
            )
            form.instance.pk = made.pk

    def user_change_password(self, request, id, form_url=""):
        """Set a password; Django's own page shows the form, and what is wrong with it."""
        user = self.get_object(request, unquote(id))
        if request.method == "POST" and user and self.has_change_permission(request, user):
            form = self.change_password_form(user, request.POST)
            if form.is_valid() and (password_in(form) or "unset-password" in request.POST):
                return self._set_password(request, user, password_in(form))
        return super().user_change_password(request, id, form_url)

    def _set_password(self, request, user, password):
        try:
            user = people.set_password(
                origin=origin_of(request), user_id=user.pk, password=password
            )
        except BadgeError as refusal:
            messages.error(request, refusal.message)
        else:
            update_session_auth_hash(request, user)  # who changes their own stays signed in
            messages.success(request, _("The password of %(user)s was set.") % {"user": user})
        return HttpResponseRedirect(reverse("admin:auth_user_change", args=[user.pk]))


@admin.register(Group)
class GroupAdmin(WithRights, DjangoGroupAdmin, ServiceAdmin):
    """The groups of the table in `badges.roles` get its permissions back with every `migrate`."""

    form = GroupForm

    def has_delete_permission(self, request, obj=None):
        return request.user.has_perm("auth.delete_group")

    def perform(self, request, form, formsets, change):
        origin, given = origin_of(request), form.cleaned_data
        if change:
            people.update_access_group(origin=origin, group_id=form.instance.pk, **given)
        else:
            form.instance.pk = people.create_access_group(origin=origin, **given).pk

    def log_deletions(self, request, queryset):
        """Leave the trace to the request log."""

    def delete_model(self, request, obj):
        people.delete_access_group(origin=origin_of(request), group_id=obj.pk)

    def _delete_view(self, request, object_id, extra_context):
        # Caught any later, the record of the refusal would be lost (ServiceAdmin).
        try:
            return super()._delete_view(request, object_id, extra_context)
        except BadgeError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(
                reverse("admin:auth_group_change", args=[unquote(object_id)])
            )
