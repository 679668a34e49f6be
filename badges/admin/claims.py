"""Admin pages of claims, which are created and withdrawn but never edited."""

from django.contrib import admin, messages
from django.db.models import Q
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
)
from unfold.decorators import action

from badges import rules
from badges.admin.base import ServiceAdmin
from badges.admin.columns import datetime_column
from badges.edit_forms import RefusableForm
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import BadgeMeta, Claim
from badges.models.querysets import first_keys
from badges.services.catalogue import definitions

CREATED = datetime_column(Claim, "created_at")
CHANGED = datetime_column(Claim, "updated_at")


class ClaimForm(RefusableForm):
    """The badge and the owner of a new claim; a withdrawn claim can be made again."""

    left_to_rules = ("badge",)

    class Meta:
        model = Claim
        fields = ("badge", "owner_type", "reference_id")

    def check_rules(self, cleaned):
        badge, owner = cleaned["badge"], Claim(**cleaned).owner
        rules.check_new_claim(badge.definition(), owner)
        if badge.claims.active().of(owner).exists():
            self.add_error("reference_id", _("This claim exists already."))


@admin.register(Claim)
class ClaimAdmin(ServiceAdmin):
    form = ClaimForm
    fields = ["badge", "owner_type", "reference_id"]
    list_display = ["reference_id", "owner_type", "badge", "active", CREATED, CHANGED]
    list_filter = [
        ("badge", AutocompleteSelectFilter),
        ("owner_type", ChoicesDropdownFilter),
        ("active", BooleanRadioFilter),
    ]
    list_select_related = ["badge"]
    search_fields = ["reference_id__exact", "badge__name"]
    search_help_text = _("The whole reference id, or part of a badge's name")
    ordering = ["-pk"]
    autocomplete_fields = ["badge"]
    actions_detail = ["unclaim"]

    def get_search_results(self, request, queryset, search_term):
        if not search_term:
            return queryset, False
        badges = first_keys(BadgeMeta.objects.named_like(search_term))
        claims = Claim.objects.filter(Q(reference_id=search_term) | Q(badge__in=badges))
        return queryset.filter(pk__in=first_keys(claims)), False

    def has_change_permission(self, request, obj=None):
        return False

    def has_unclaim_permission(self, request, object_id=None):
        return request.user.has_perm("badges.change_claim")

    def get_actions_detail(self, request, object_id):
        claim = self.get_object(request, object_id)
        return super().get_actions_detail(request, object_id) if claim and claim.active else []

    def get_fields(self, request, obj=None):
        return self.fields if obj is None else [*self.fields, "active", CREATED, CHANGED]

    def get_readonly_fields(self, request, obj=None):
        return [] if obj is None else [CREATED, CHANGED]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.help_text = _("Only owners of the badge may claim it, and only while it is active.")
        return field

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "badge":
            field.widget.can_add_related = field.widget.can_change_related = False
            field.widget.can_view_related = False
        return field

    def perform(self, request, form, formsets, change):
        claim, _is_new = definitions.claim_badge(
            origin=origin_of(request), badge_id=form.instance.badge_id, owner=form.instance.owner
        )
        form.instance.pk = claim.pk

    @action(description=_("Unclaim"), icon="link_off", permissions=["unclaim"])
    def unclaim(self, request, object_id):
        """Show a confirmation page, and withdraw the claim on POST."""
        claim = self.get_object(request, object_id)
        if claim is None:
            raise Http404
        if request.method != "POST":
            context = {
                **self.admin_site.each_context(request),
                "title": _("Unclaim"),
                "opts": self.opts,
                "claim": claim,
            }
            return TemplateResponse(request, "admin/badges/claim/unclaim.html", context)
        try:
            definitions.unclaim_badge(
                origin=origin_of(request), badge_id=claim.badge_id, owner=claim.owner
            )
        except BadgeError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _("The claim %(claim)s was removed.") % {"claim": claim})
        return HttpResponseRedirect(reverse("admin:badges_claim_change", args=[claim.pk]))
