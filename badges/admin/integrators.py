"""Admin pages of integrators; the secret of a new one is shown by its page of the desk.

The OAuth toolkit's own pages are unregistered: they show tokens, and ignore access groups and the
request log.
"""

import oauth2_provider.admin  # noqa: F401 - registers the pages that are unregistered below
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from badges.admin.base import ServiceAdmin
from badges.admin.columns import datetime_column
from badges.choice_fields import are_many
from badges.desk.integrators.views import redirect_to_secret
from badges.forms import IntegratorForm as SharedIntegratorForm
from badges.forms import origin_of
from badges.models import Integrator
from badges.services.access import integrators

LIMITS = ["access_groups", "owner_types", "ends_at"]
CHECKBOX_FIELDS = {"access_groups", "owner_types"}
CREATED = datetime_column(Integrator, "created")
ENDS = datetime_column(Integrator, "ends_at")

replaced: list[type[Model]] = [Integrator, *apps.get_app_config("oauth2_provider").get_models()]
for model in replaced:
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class IntegratorForm(SharedIntegratorForm):
    """The shared form with the field `active`, and with the widgets of the theme."""

    class Meta(SharedIntegratorForm.Meta):
        fields = ("name", "active", "access_groups", "owner_types", "ends_at")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in CHECKBOX_FIELDS & self.fields.keys():
            field = self.fields[name]
            field.widget = UnfoldAdminCheckboxSelectMultipleWidget(choices=field.choices)
        if others := self.fields.get("other_access_groups"):
            others.widget = UnfoldAdminTextareaWidget(attrs={"rows": 2})


@admin.register(Integrator)
class IntegratorAdmin(ServiceAdmin):
    form = IntegratorForm
    fields = ["name", "active", *LIMITS, "client_id", CREATED]
    readonly_fields = ["client_id", CREATED]
    list_display = ["name", "active", "groups", "client_id", ENDS, CREATED]
    list_filter = [("active", BooleanRadioFilter)]
    search_fields = ["name", "client_id__exact"]
    search_help_text = _("Part of the name, or the whole client id")

    def get_search_results(self, request, queryset, search_term):
        return queryset.named_like(search_term), False

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("access_groups")

    def get_fields(self, request, obj=None):
        fields = list(self.fields if obj else ["name", *LIMITS])
        if are_many(Group.objects.all()) and (not obj or self.has_change_permission(request, obj)):
            fields.insert(fields.index("access_groups") + 1, "other_access_groups")
        return fields

    def add_view(self, request, form_url="", extra_context=None):
        hidden_buttons = {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().add_view(request, form_url, {**hidden_buttons, **(extra_context or {})})

    def get_changeform_initial_data(self, request):
        return {"access_groups": Group.objects.filter(name="Default")}

    def perform(self, request, form, formsets, change):
        origin, arguments = origin_of(request), form.arguments()
        if change:
            integrators.update_integrator(
                origin=origin, integrator_id=form.instance.pk, **arguments
            )
        else:
            request.issued = integrators.create_integrator(origin=origin, **arguments)

    def response_add(self, request, obj, post_url_continue=None):
        return redirect_to_secret(request, *request.issued)

    @display(description=_("Access groups"))
    def groups(self, integrator):
        return ", ".join(group.name for group in integrator.access_groups.all())
