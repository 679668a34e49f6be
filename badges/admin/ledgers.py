"""Enrolments and issued badges, to be read: a fact is corrected by another operation alone."""

from django.contrib import admin
from django.db.models import Q, TextChoices
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator

from badges.admin.base import BadgesAdmin
from badges.admin.columns import lines, link_to, moment_column, pill
from badges.admin.filters import PeriodFilter, RevokedFilter
from badges.models import EarnedBadge, Enrolment
from badges.models.ids import ID_LENGTH, customer_id_in

ENROLLED = moment_column(Enrolment, "enrolled_at")
EARNED = moment_column(EarnedBadge, "earned_at")
EVENT = moment_column(EarnedBadge, "event_at")
EXPIRES = moment_column(EarnedBadge, "expires_at")
REVOKED = moment_column(EarnedBadge, "revoked_at")


class State(TextChoices):
    """How a fact stands now."""

    STANDING = "STANDING", _("Standing")
    EXPIRED = "EXPIRED", _("Expired")
    REVOKED = "REVOKED", _("Revoked")


STATE_PILLS = {
    State.STANDING: ("check_circle", "success"),
    State.EXPIRED: ("event_busy", "warning"),
    State.REVOKED: ("block", "danger"),
}


class LedgerAdmin(BadgesAdmin):
    """A table that is only read; found by whole ids, newest first, never counted."""

    paginator = InfinitePaginator
    sortable_by = ()
    ordering = ["-pk"]
    search_fields = ["pk"]  # the search box needs it; `matches` says what is searched

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def get_search_results(self, request, queryset, search_term):
        term = search_term.strip()
        return (queryset.filter(self.matches(term)) if term else queryset), False

    def matches(self, term):
        """Return the condition that a row is meant by the term, by indexed columns alone."""
        raise NotImplementedError


class FactAdmin(LedgerAdmin):
    """What enrolments and issued badges share."""

    list_select_related = ["badge", "request__integrator", "request__user"]
    search_help_text = _("A customer id, or the id of a row")

    def get_queryset(self, request):
        return super().get_queryset(request).defer("request__content", "request__errors")

    def matches(self, term):
        if len(term) == ID_LENGTH:
            return Q(pk=term.lower())
        return Q(customer_id=customer_id_in(term) or 0)

    @display(description=_("State"))
    def state(self, fact):
        if fact.revoked_at:
            state = State.REVOKED
        else:
            state = State.STANDING if timezone.now() < fact.expires_at else State.EXPIRED
        return pill(state.label, *STATE_PILLS[state])

    @display(description=_("Given by"))
    def given_by(self, fact):
        return f"{fact.request.actor} ({fact.request.get_channel_display()})"

    @display(description=_("Request"))
    def request_link(self, fact):
        return link_to(fact.request)

    @display(description=_("Revocation"))
    def revocation_link(self, fact):
        return fact.revocation and link_to(fact.revocation)


@admin.register(Enrolment)
class EnrolmentAdmin(FactAdmin):
    list_display = ["customer_id", "badge", "state", EVENT, EXPIRES, ENROLLED, "given_by"]
    list_filter = [
        ("badge", AutocompleteSelectFilter),
        ("enrolled_at", PeriodFilter),
        ("owner_type", ChoicesDropdownFilter),
        RevokedFilter,
    ]
    readonly_fields = [ENROLLED, EVENT, EXPIRES, REVOKED]
    fieldsets = [
        (_("Enrolment"), {"fields": ["id", "customer_id", "badge", "state"]}),
        (_("When"), {"fields": [ENROLLED, EVENT, EXPIRES]}),
        (_("How"), {"fields": ["given_by", "owner_type", "reference_id", "request_link"]}),
        (_("Revocation"), {"fields": [REVOKED, "revocation_link"]}),
    ]


@admin.register(EarnedBadge)
class EarnedBadgeAdmin(FactAdmin):
    list_display = ["customer_id", "badge", "state", EARNED, EVENT, EXPIRES, "given_by"]
    list_filter = [
        ("badge", AutocompleteSelectFilter),
        ("earned_at", PeriodFilter),
        ("owner_type", ChoicesDropdownFilter),
        RevokedFilter,
    ]
    actions_detail = ["revoke", "issue_again"]
    readonly_fields = [EARNED, EVENT, EXPIRES, REVOKED]
    fieldsets = [
        (_("Issued badge"), {"fields": ["id", "customer_id", "badge", "state"]}),
        (_("When"), {"fields": [EARNED, EVENT, EXPIRES]}),
        (
            _("How"),
            {
                "fields": [
                    *("given_by", "owner_type", "reference_id", "request_link", "enrolment"),
                    "reissue_of_link",
                ]
            },
        ),
        (_("Revocation"), {"fields": [REVOKED, "revocation_link", "reissues_links"]}),
    ]

    @display(description=_("Issued again for"))
    def reissue_of_link(self, fact):
        return fact.reissue_of and link_to(fact.reissue_of)

    @display(description=_("Issued again"))
    def reissues_links(self, fact):
        return lines(link_to(again) for again in fact.reissues.select_related("badge"))

    def has_revoke_permission(self, request, object_id=None):
        return request.user.has_perm("badges.revoke_badge") and self._stands(request, object_id)

    def has_issue_again_permission(self, request, object_id=None):
        allowed = request.user.has_perm("badges.earn_badge")
        return allowed and not self._stands(request, object_id)

    @action(description=_("Revoke"), icon="undo", permissions=["revoke"])
    def revoke(self, request, object_id):
        """Lead to the desk, which says what would happen first."""
        return redirect(f"{reverse('desk:revoke')}?earned={object_id}")

    @action(description=_("Issue again"), icon="redo", permissions=["issue_again"])
    def issue_again(self, request, object_id):
        """Lead to the form that issues it to its customer again."""
        return redirect(f"{reverse('desk:issue')}?reissue_of={object_id}")

    def _stands(self, request, object_id):
        fact = self.get_object(request, str(object_id))
        return fact is not None and fact.revoked_at is None
