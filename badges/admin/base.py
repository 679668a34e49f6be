"""What all our pages of the admin keep to: services write, nobody deletes, junk is no error."""

import json

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.forms import ModelForm
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from badges.errors import BadgeError
from badges.models import Channel
from badges.services.requests import Origin


def origin_of(request) -> Origin:
    """Return who asks at the admin, and the form as it was posted."""
    posted = {
        name: values if len(values) > 1 else values[0]
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
    }
    return Origin(channel=Channel.MEMBERCARE, user=request.user, content=json.dumps(posted))


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


class RefusableForm(ModelForm):
    """A form that asks the rules before it is saved, and can show what a service refused after.

    Its class carries the refusal of an earlier attempt to save the same post (ServiceAdmin).
    `left_to_rules` are columns whose constraints are not checked here: the rules say the same in
    words for people, and know when an old row is no rival.
    """

    refusal = None
    left_to_rules = ()

    def clean(self):
        super().clean()
        if self.refusal:
            self._show(self.refusal)
        elif not self.errors:
            try:
                self.check_rules(self.cleaned_data)
            except BadgeError as refusal:
                self._show(refusal)

    def check_rules(self, cleaned):
        """Raise BadgeError when the rules refuse what the form says."""

    def _get_validation_exclusions(self):
        return {*super()._get_validation_exclusions(), *self.left_to_rules}

    def _show(self, refusal):
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, refusal.message)


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
