"""The pages of the custom fields."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.desk.groups_and_fields.forms import CustomFieldForm
from badges.desk.groups_and_fields.pages import RowPages
from badges.desk.parts.pictures import picture_of
from badges.forms import origin_of
from badges.models import CustomField, CustomValue
from badges.selectors import definitions
from badges.services.catalogue.groups import create_custom_field, update_custom_field


class FieldPages(RowPages):
    """The pages of the custom fields; a disabled field is listed but has no page."""

    name = "field"
    model = CustomField
    use = CustomValue
    form_class = CustomFieldForm
    new_title = gettext_lazy("New custom field")
    create_label = gettext_lazy("Create field")
    uses_title = gettext_lazy("What badges say in this field")

    find_row = staticmethod(definitions.custom_field)
    uses_of = staticmethod(definitions.values_of_field)
    create = staticmethod(create_custom_field)
    update = staticmethod(update_custom_field)

    @property
    def urls(self) -> list:
        disable = self.form_page("change", self.disable)
        return [*super().urls, path("fields/<str:pk>/disable/", disable, name="field-disable")]

    def find(self, request):
        """Return the active fields by name, or the disabled ones, those disabled last first."""
        if request.GET.get("active") == "no":
            context = {"title": _("Disabled custom fields"), "active": False}
            return definitions.custom_fields(active=False), context
        found = definitions.custom_fields(sort="name", descending=False)
        return found, {"title": _("Custom fields"), "active": True}

    def describe(self, row):
        return {"field": row}

    def describe_use(self, use):
        return {"badge": use.badge, "value": use.value, "picture": picture_of(use.badge)}

    def disable(self, request, pk):
        """Ask for confirmation before disabling a field, which cannot be undone."""
        field = self.row_or_404(pk)
        if request.method == "POST":
            update_custom_field(origin=origin_of(request), field_id=pk, active=False)
            messages.success(request, _("“%(field)s” is disabled now.") % {"field": field})
            return redirect("desk:fields")
        return self.confirm(request, field, "field_disable", title=_("Disable a custom field"))
