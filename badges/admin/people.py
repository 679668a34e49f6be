"""Admin pages of users and groups, with the theme's forms; users are deactivated, not deleted."""

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from badges.admin.base import ServiceAdmin
from badges.admin.setup_codes import redirect_to_setup_codes
from badges.choice_fields import are_many
from badges.edit_forms import EditForm, RefusableForm
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import GroupKey, UserKey
from badges.models.names import search_key
from badges.models.querysets import keys_matching
from badges.services.access import authority, people, second_factor

MODEL_ACTIONS = {
    "view": _("Can view"),
    "add": _("Can add"),
    "change": _("Can change"),
    "delete": _("Can delete"),
}

# The pages of the OTP devices would show secret keys and let users write codes.
admin.site.unregister([User, Group, TOTPDevice, StaticDevice])


class PermissionChoicesMixin:
    """Show permissions in the language of the user; Django's table stores them in English.

    The form offers the permissions and groups that the user may grant, and those of the row itself.
    """

    def formfield_for_manytomany(self, db_field, request=None, **kwargs):
        field = super().formfield_for_manytomany(db_field, request=request, **kwargs)
        if db_field.related_model is Permission:
            field.label_from_instance = permission_label
        return field

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        if request.user.is_superuser:
            return form
        grantable = {Permission: authority.permissions_to_give, Group: authority.groups_to_give}
        for name, field in form.base_fields.items():
            if model := getattr(getattr(field, "queryset", None), "model", None):
                assigned = getattr(obj, name).values("pk") if obj else model.objects.none()
                may_grant = grantable[model](request.user).values("pk")
                field.queryset = field.queryset.filter(Q(pk__in=may_grant) | Q(pk__in=assigned))
        return form


def permission_label(permission: Permission) -> str:
    """Return a permission in words: its model and the action that it allows."""
    verb, _underscore, model = permission.codename.partition("_")
    is_model_action = verb in MODEL_ACTIONS and model == permission.content_type.model
    right = MODEL_ACTIONS[verb] if is_model_action else gettext(permission.name)
    return f"{permission.content_type} | {right}"


class FoldedSearch:
    """Search by every word of a term, in any spelling, through the search keys of the rows.

    `keys` is the model of the search keys. The result is limited to the rows that a page may read.
    """

    keys = None

    def get_search_results(self, request, queryset, search_term):
        if not search_key(search_term):
            return (queryset.none() if search_term else queryset), False
        keys = keys_matching(search_key(search_term), self.keys.objects.all())
        return queryset.filter(pk__in=keys), False


class NewUserForm(RefusableForm, UserCreationForm):
    """A username and a password; the next page has all other fields."""


class UserForm(EditForm, UserChangeForm):
    """A member of staff with their groups and permissions."""


class GroupForm(EditForm):
    """A group with its permissions."""


def password_in(form):
    """Return the password of a valid form, or None if the user is to have no usable one."""
    return form.cleaned_data["password1"] if form.cleaned_data["set_usable_password"] else None


@admin.register(User)
class UserAdmin(FoldedSearch, PermissionChoicesMixin, DjangoUserAdmin, ServiceAdmin):
    form = UserForm
    add_form = NewUserForm
    keys = UserKey
    change_password_form = AdminPasswordChangeForm
    readonly_fields = ["last_login", "date_joined"]
    list_display = [*DjangoUserAdmin.list_display, "has_second_factor"]
    actions = ["reset_second_factor"]

    def get_autocomplete_fields(self, request):
        return ["groups"] if are_many(Group.objects.all()) else []

    def get_list_filter(self, request):
        """Return Django's filters, with autocompletion if there are many groups."""
        filters = super().get_list_filter(request)
        if not are_many(Group.objects.all()):
            return filters
        return [
            ("groups", AutocompleteSelectFilter) if list_filter == "groups" else list_filter
            for list_filter in filters
        ]

    def get_queryset(self, request):
        devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        return super().get_queryset(request).annotate(with_second_factor=Exists(devices))

    @admin.display(description=_("Second factor"), boolean=True)
    def has_second_factor(self, user):
        return user.with_second_factor

    @admin.action(description=_("Reset the second factor"), permissions=["change"])
    def reset_second_factor(self, request, queryset):
        """Reset lost second factors, and issue set-up codes to users who need a first one."""
        users = [
            user
            for user in queryset
            if user.with_second_factor or second_factor.needs_setup_code(user)
        ]
        if not users:
            messages.info(request, _("None of these users has or needs a second factor."))
        return self._issue_setup_codes(request, users)

    def response_change(self, request, obj):
        """Show the set-up code of a user who cannot sign in without one from now on."""
        is_waiting = obj != request.user and second_factor.waits_for_setup_code(obj)
        page = self._issue_setup_codes(request, [obj]) if is_waiting else None
        return page or super().response_change(request, obj)

    def _issue_setup_codes(self, request, users):
        """Issue the codes, and redirect to the page that shows them."""
        codes = {}
        for user in users:
            try:
                codes[user] = second_factor.reset(origin=origin_of(request), user=user)
            except BadgeError as refusal:
                messages.error(request, f"{user}: {refusal.message}")
        return redirect_to_setup_codes(request, codes) if codes else None

    def has_module_permission(self, request):
        return request.user.is_superuser

    def has_view_permission(self, request, obj=None):
        """Show these pages to superusers only; the people of the desk are for the others."""
        return request.user.is_superuser

    has_add_permission = has_module_permission
    has_change_permission = has_view_permission

    def perform(self, request, form, formsets, change):
        origin, arguments = origin_of(request), form.cleaned_data
        if change:
            people.update_user(origin=origin, user_id=form.instance.pk, **form.arguments())
        else:
            user = people.create_user(
                origin=origin, username=arguments["username"], password=password_in(form)
            )
            form.instance.pk = user.pk

    def user_change_password(self, request, id, form_url=""):
        """Set a password through the service; Django's view shows the form and its errors."""
        user = self.get_object(request, unquote(id))
        if request.method == "POST" and user and self.has_change_permission(request, user):
            form = self.change_password_form(user, request.POST)
            if form.is_valid() and (password_in(form) or "unset-password" in request.POST):
                return self._set_password(request, user, password_in(form))
        return super().user_change_password(request, id, form_url)

    def _set_password(self, request, user, password):
        try:
            person = people.set_password(
                origin=origin_of(request), user_id=user.pk, password=password
            )
        except BadgeError as refusal:
            messages.error(request, refusal.message)
        else:
            update_session_auth_hash(request, person)  # keeps the user's own session
            messages.success(request, _("The password of %(user)s was set.") % {"user": user})
        return HttpResponseRedirect(reverse("admin:auth_user_change", args=[user.pk]))


@admin.register(Group)
class GroupAdmin(FoldedSearch, PermissionChoicesMixin, DjangoGroupAdmin, ServiceAdmin):
    """Admin pages of groups; `migrate` restores the permissions of those in `badges.roles`."""

    form = GroupForm
    keys = GroupKey

    def has_delete_permission(self, request, obj=None):
        return request.user.has_perm("auth.delete_group")

    def perform(self, request, form, formsets, change):
        origin, arguments = origin_of(request), form.arguments()
        if change:
            people.update_access_group(origin=origin, group_id=form.instance.pk, **arguments)
        else:
            form.instance.pk = people.create_access_group(origin=origin, **arguments).pk

    def log_deletions(self, request, queryset):
        """Do nothing: the service writes to the request log."""

    def delete_model(self, request, obj):
        people.delete_access_group(origin=origin_of(request), group_id=obj.pk)

    def _delete_view(self, request, object_id, extra_context):
        # A handler outside of the view's transaction could not save the refusal (ServiceAdmin).
        try:
            return super()._delete_view(request, object_id, extra_context)
        except BadgeError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(
                reverse("admin:auth_group_change", args=[unquote(object_id)])
            )
