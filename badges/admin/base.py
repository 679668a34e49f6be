"""Base classes of our admin pages: services write, rows stay, malformed input is no error."""

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from badges.admin.lists import BoundedChangeList
from badges.edit_forms import SEEN, EditForm
from badges.errors import BadgeError
from badges.paging import BoundedPaginator
from badges.time_fields import LocalSplitDateTimeField


class BadgesAdmin(ModelAdmin):
    """Admin pages of our tables: rows are never deleted, and lists stay fast on large tables."""

    actions = None
    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_filter_submit = True
    has_history = False
    formfield_overrides = {models.DateTimeField: {"form_class": LocalSplitDateTimeField}}

    def has_delete_permission(self, request, obj=None):
        return False

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        """Add a blank choice, so that the user cannot save a choice without selecting it."""
        if not db_field.has_default():
            blank = [("", _("Select value"))]
            kwargs["choices"] = db_field.get_choices(include_blank=True, blank_choice=blank)
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def get_changelist(self, request, **kwargs):
        return BoundedChangeList

    def get_object(self, request, object_id, from_field=None):
        if "\x00" in object_id:  # PostgreSQL rejects NUL, also in a lookup
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
    """Admin pages that change rows through one call of a service, which also logs the request."""

    def perform(self, request, form, formsets, change):
        """Call the service. No other method writes."""
        raise NotImplementedError

    def save_model(self, request, obj, form, change):
        """Do nothing: `perform` writes the row together with its related rows."""

    def save_related(self, request, form, formsets, change):
        self.perform(request, form, formsets, change)

    def construct_change_message(self, request, form, formsets, add=False):
        return []

    def log_addition(self, request, obj, message):
        """Do nothing: the service writes to the request log."""

    def log_change(self, request, obj, message):
        """Do nothing: the service writes to the request log."""

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        form.lists_differences = True  # the theme hides the place of the choices
        return form

    def get_fieldsets(self, request, obj=None):
        return self.with_version(request, obj, super().get_fieldsets(request, obj))

    def with_version(self, request, obj, fieldsets):
        """Add the hidden version of the shown row to a page that can change it."""
        (name, options), *others = fieldsets
        fields = [field for field in options["fields"] if field != SEEN]
        if obj and issubclass(self.form, EditForm) and self.has_change_permission(request, obj):
            fields.append(SEEN)
        return [(name, {**options, "fields": fields}), *others]

    def _changeform_view(self, request, object_id, form_url, extra_context):
        # The service has rolled back its own work and recorded the refusal. A handler outside the
        # view's transaction would lose that record; one in `perform` would let Django show success.
        try:
            return super()._changeform_view(request, object_id, form_url, extra_context)
        except BadgeError as refusal:
            request.refusal = refusal
            messages.error(request, refusal.message)
            return super()._changeform_view(request, object_id, form_url, extra_context)
