"""What all our pages of the admin keep to: services write, nobody deletes, junk is no error."""

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from badges.errors import BadgeError


class BadgesAdmin(ModelAdmin):
    """Pages of our tables: nothing is ever deleted, and lists stay fast on large tables."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_filter_submit = True
    has_history = False

    def has_delete_permission(self, request, obj=None):
        return False

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        """Choose nothing beforehand: what was never looked at would be saved all the same."""
        if not db_field.has_default():
            blank = [("", _("Select value"))]
            kwargs["choices"] = db_field.get_choices(include_blank=True, blank_choice=blank)
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def get_object(self, request, object_id, from_field=None):
        if "\x00" in object_id:  # PostgreSQL takes no such text, not even to look for it
            return None
        return super().get_object(request, object_id, from_field)

    def get_changelist_instance(self, request):
        if any("\x00" in value for _name, values in request.GET.lists() for value in values):
            raise IncorrectLookupParameters
        return super().get_changelist_instance(request)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        context = {"show_history": self.has_history, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)


class ServiceAdmin(BadgesAdmin):
    """Pages that change something: one call of a service, which also keeps the trace."""

    def perform(self, request, form, formsets, change):
        """Call the service; the only place that writes."""
        raise NotImplementedError

    def save_model(self, request, obj, form, change):
        """Leave the writing to `perform`, which has the related rows as well."""

    def save_related(self, request, form, formsets, change):
        self.perform(request, form, formsets, change)

    def construct_change_message(self, request, form, formsets, add=False):
        return []

    def log_addition(self, request, obj, message):
        """Leave the trace to the request log."""

    def log_change(self, request, obj, message):
        """Leave the trace to the request log."""

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        return form

    def _changeform_view(self, request, object_id, form_url, extra_context):
        # The service has rolled its own work back and recorded the refusal. Caught any later, that
        # record would be lost; caught any earlier, Django would announce a success.
        try:
            return super()._changeform_view(request, object_id, form_url, extra_context)
        except BadgeError as refusal:
            request.refusal = refusal
            messages.error(request, refusal.message)
            return super()._changeform_view(request, object_id, form_url, extra_context)
