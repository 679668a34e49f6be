"""Integrators: made with a secret that is shown once, and switched or regrouped later.

The OAuth toolkit's own pages are taken away: they show tokens, and know neither access groups nor
the request log.
"""

import oauth2_provider.admin  # noqa: F401 - registers the pages that are taken away here
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from badges.admin.base import ServiceAdmin
from badges.admin.columns import moment_column
from badges.forms import IntegratorForm as SharedIntegratorForm
from badges.forms import origin_of
from badges.models import Integrator
from badges.services import integrators

LIMITS = ["access_groups", "owner_types", "ends_at"]
TICKED = {"access_groups", "owner_types"}
CREATED = moment_column(Integrator, "created")
ENDS = moment_column(Integrator, "ends_at")

for model in [Integrator, *apps.get_app_config("oauth2_provider").get_models()]:
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class IntegratorForm(SharedIntegratorForm):
    """The shared form with the switch, and with the widgets of the theme."""

    class Meta(SharedIntegratorForm.Meta):
        fields = ("name", "active", "access_groups", "owner_types", "ends_at")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in TICKED & self.fields.keys():
            field = self.fields[name]
            field.widget = UnfoldAdminCheckboxSelectMultipleWidget(choices=field.choices)


@admin.register(Integrator)
class IntegratorAdmin(ServiceAdmin):
    form = IntegratorForm
    fields = ["name", "active", *LIMITS, "client_id", CREATED]
    readonly_fields = ["client_id", CREATED]
    list_display = ["name", "active", "groups", "client_id", ENDS, CREATED]
    list_filter = [("active", BooleanRadioFilter)]
    search_fields = ["name", "client_id__exact"]
    search_help_text = _("Part of the name, or the whole client id")

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("access_groups")

    def get_fields(self, request, obj=None):
        return self.fields if obj else ["name", *LIMITS]

    def add_view(self, request, form_url="", extra_context=None):
        only_save = {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().add_view(request, form_url, {**only_save, **(extra_context or {})})

    def get_changeform_initial_data(self, request):
        return {"access_groups": Group.objects.filter(name="Default")}

    def perform(self, request, form, formsets, change):
        origin, groups = origin_of(request), form.cleaned_data["access_groups"]
        if change:
            integrators.update_integrator(
                origin=origin, integrator=form.instance, access_groups=groups
            )
        else:
            request.issued = integrators.create_integrator(
                origin=origin,
                name=form.instance.name,
                access_groups=groups,
                owner_types=form.instance.owner_types,
                ends_at=form.instance.ends_at,
            )

    def response_add(self, request, obj, post_url_continue=None):
        """Show the secret in this very answer: it is nowhere else, and never can be shown again."""
        integrator, secret = request.issued
        context = {
            **self.admin_site.each_context(request),
            "title": _("The secret of %(name)s") % {"name": integrator},
            "opts": self.opts,
            "integrator": integrator,
            "secret": secret,
        }
        return TemplateResponse(
            request,
            "admin/badges/integrator/secret.html",
            context,
            headers={"Cache-Control": "no-store"},
        )

    @display(description=_("Access groups"))
    def groups(self, integrator):
        return ", ".join(group.name for group in integrator.access_groups.all())
