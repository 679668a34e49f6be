"""Admin pages of badges, with one form that a single call of a service saves, and a history."""

from django.contrib import admin
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from badges.admin.base import ServiceAdmin
from badges.admin.columns import datetime_column, pill
from badges.admin.definition_forms import (
    IMAGE_COLUMNS,
    BadgeForm,
    ImageFormSet,
    LimitFormSet,
)
from badges.admin.filters import OwnerFilter, StatusFilter
from badges.admin.history import history_page
from badges.forms import LimitForm, expiry_fields, origin_of
from badges.models import BadgeImage, BadgeMeta, Claim, EarnLimit, EarnType, Status
from badges.paging import count_of, counted
from badges.services.catalogue import definitions
from badges.time_zones import lazy_zone_label

STATUS_PILLS = {
    Status.UPCOMING: ("schedule", "info"),
    Status.LIVE: ("play_circle", "success"),
    Status.EXPIRED: ("event_busy", "warning"),
}
BASIC_FIELDS = [
    "name",
    "description",
    "earn_type",
    "active",
    "starts_at",
    "expires_at",
    "rank",
    "owners",
]


START_IS_FIXED = format_lazy(
    "{}. {}", lazy_zone_label(), _("Fixed: the start of a badge that has begun never changes.")
)


def status_of(badge) -> Status:
    return badge.status(timezone.now())


def field_equals(field, value):
    """Return the condition that shows a field; it is true on pages that show `field` as text."""
    return f"(typeof {field} === 'undefined' || {field} === '{value}')"


def field_conditions():
    """Return the conditions of the fields that only some types and kinds of expiry use."""
    enrolling = field_equals("earn_type", EarnType.ISSUE_EARN)
    conditions_by_field = {"enrolment_expiry_kind": enrolling}
    for prefix, always in [("earned", "true"), ("enrolment", enrolling)]:
        for part, kind in [("count", "RELATIVE"), ("unit", "RELATIVE"), ("at", "FIXED_DATE")]:
            conditions_by_field[f"{prefix}_expiry_{part}"] = (
                f"{always} && {field_equals(f'{prefix}_expiry_kind', kind)}"
            )
    return conditions_by_field


class PartInline(TabularInline):
    """Related rows of a badge, which the permissions for the badge itself cover."""

    extra = 0
    hide_title = True

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("badges.view_badgemeta")

    def has_change_permission(self, request, obj=None):
        right = "change" if obj and not obj._state.adding else "add"
        return request.user.has_perm(f"badges.{right}_badgemeta")

    def has_add_permission(self, request, obj=None):
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return self.has_change_permission(request, obj)


class LimitInline(PartInline):
    model = EarnLimit
    form = LimitForm
    formset = LimitFormSet


class ImageInline(PartInline):
    model = BadgeImage
    fields = IMAGE_COLUMNS
    formset = ImageFormSet

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(BadgeMeta)
class BadgeMetaAdmin(ServiceAdmin):
    form = BadgeForm
    inlines = [LimitInline, ImageInline]
    list_display = [
        "name",
        "earn_type",
        "status",
        "active",
        datetime_column(BadgeMeta, "starts_at"),
        datetime_column(BadgeMeta, "expires_at"),
        "owners",
        "claim_count",
    ]
    list_filter = [
        ("earn_type", ChoicesDropdownFilter),
        ("active", BooleanRadioFilter),
        StatusFilter,
        OwnerFilter,
    ]
    search_fields = ["name", "pk"]
    search_help_text = _("Part of the name, or the whole id")
    conditional_fields = field_conditions()
    warn_unsaved_form = True
    has_history = True

    def get_queryset(self, request):
        claims = count_of(Claim, "badge", on_a_page=self.list_per_page, active=True)
        return super().get_queryset(request).prefetch_related("owners").annotate(claim_count=claims)

    def get_search_results(self, request, queryset, search_term):
        return (queryset.named_like(search_term) if search_term else queryset), False

    def get_fieldsets(self, request, obj=None):
        editing = obj is None or self.has_change_permission(request, obj)
        earned, enrolment = (
            {"fields": expiry_fields(prefix, None if editing else obj)}
            for prefix in ("earned", "enrolment")
        )
        fieldsets = [
            (_("Basics"), {"fields": BASIC_FIELDS}),
            (_("Expiry of the issued badge"), earned),
        ]
        if obj is None:
            enrolment["description"] = _("Only for badges that customers are enrolled for first.")
        if obj is None or obj.earn_type == EarnType.ISSUE_EARN:
            fieldsets.append((_("Expiry of the enrolment"), enrolment))
        return self.with_version(request, obj, fieldsets)

    def get_readonly_fields(self, request, obj=None):
        if obj is None:
            return []
        has_begun = status_of(obj) != Status.UPCOMING
        return ["earn_type", "starts_at"] if has_begun else ["earn_type"]

    def get_form(self, request, obj=None, change=False, **kwargs):
        if change and self.has_change_permission(request, obj):
            kwargs["help_texts"] = {
                **BadgeForm.Meta.help_texts,
                "earn_type": _("Fixed: the type of a badge never changes."),
                **({"starts_at": START_IS_FIXED} if status_of(obj) != Status.UPCOMING else {}),
            }
        return super().get_form(request, obj, change, **kwargs)

    def perform(self, request, form, formsets, change):
        parts = {formset.prefix: formset.values() for formset in formsets}
        origin, draft = origin_of(request), form.draft(**parts)
        if change:
            definitions.update_badge(
                origin=origin, badge_id=form.instance.pk, seen=form.seen, draft=draft
            )
        else:
            form.instance.pk = definitions.create_badge(origin=origin, draft=draft).pk

    def history_view(self, request, object_id, extra_context=None):
        return history_page(self, request, object_id)

    @display(description=_("Status"), ordering="starts_at")
    def status(self, badge):
        status = status_of(badge)
        return pill(status.label, *STATUS_PILLS[status])

    @display(description=_("Owners"))
    def owners(self, badge):
        return ", ".join(str(owner) for owner in badge.owners.all())

    @display(description=_("Claims"))
    def claim_count(self, badge):
        return counted(badge.claim_count, self.list_per_page)
