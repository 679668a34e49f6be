"""The request log: every attempt with its words as received and what came of it."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import action, display

from badges.admin.columns import lines, link_to, moment_column, pill
from badges.admin.filters import CodeFilter, PeriodFilter
from badges.admin.ledgers import LedgerAdmin
from badges.models import Integrator, RequestLog, RequestOutcome
from badges.models.ids import customer_id_in
from badges.services.revoke import issued_badges

SHOWN_FACTS = 50
SHOWN_CONTENT = 20_000
AS_RECEIVED = '<pre class="as-received">{}</pre>{}'
OUTCOME_PILLS = {
    RequestOutcome.ACCEPTED: ("check_circle", "success"),
    RequestOutcome.REFUSED: ("block", "danger"),
}
RECEIVED = moment_column(RequestLog, "received_at")
RECORDED = moment_column(RequestLog, "recorded_at")


def facts(rows, request):
    """Return links to the first facts of a request, and to the list of all when there are more."""
    first = list(rows.select_related("badge").order_by("customer_id")[: SHOWN_FACTS + 1])
    links = [link_to(row) for row in first[:SHOWN_FACTS]]
    if len(first) > SHOWN_FACTS:
        url = reverse(f"admin:badges_{rows.model._meta.model_name}_changelist")
        more = '<a href="{}?request__id__exact={}" class="text-link">{}</a>'
        links.append(format_html(more, url, request.pk, _("All of them")))
    return lines(links)


@admin.register(RequestLog)
class RequestLogAdmin(LedgerAdmin):
    list_display = [
        RECEIVED,
        "operation",
        "outcome_pill",
        "code",
        "channel",
        "actor",
        "badge",
        "customer_id",
        "request_id",
    ]
    list_filter = [
        ("outcome", ChoicesDropdownFilter),
        CodeFilter,
        ("operation", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("integrator", RelatedDropdownFilter),
        ("user", RelatedDropdownFilter),
        ("badge", AutocompleteSelectFilter),
        ("received_at", PeriodFilter),
    ]
    list_select_related = ["badge", "integrator", "user"]
    search_help_text = _("A request id, customer id, user name or integrator")
    actions_detail = ["revoke_all"]
    readonly_fields = [RECEIVED, RECORDED]
    fieldsets = [
        (
            _("Request"),
            {
                "fields": [
                    *("operation", "channel", "actor", "reason", RECEIVED, RECORDED),
                    *("request_id", "customer_id", "badge"),
                ]
            },
        ),
        (
            _("Outcome"),
            {"fields": ["outcome_pill", "refusals", "earned", "enrolments", "revoked"]},
        ),
        (_("As received"), {"fields": ["received_content", "fingerprint_text"]}),
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("content")

    def matches(self, term):
        condition = Q(request_id=term)
        if customer_id := customer_id_in(term):
            condition |= Q(customer_id=customer_id) | Q(pk=customer_id)
        for user in User.objects.filter(username=term):
            condition |= Q(user=user)
        for integrator in Integrator.objects.filter(name=term):
            condition |= Q(integrator=integrator)
        return condition

    def has_revoke_all_permission(self, request, object_id=None):
        """Whether this person may revoke, and something of the request is left to be revoked."""
        if not request.user.has_perm("badges.revoke_badge"):
            return False
        row = self.get_object(request, str(object_id))
        return row is not None and issued_badges(row.pk).standing().exists()

    @action(description=_("Revoke everything it issued"), icon="undo", permissions=["revoke_all"])
    def revoke_all(self, request, object_id):
        """Lead to the desk, which says what would happen first."""
        return redirect("desk:revoke_request", object_id)

    @display(description=_("Outcome"))
    def outcome_pill(self, row):
        return pill(row.get_outcome_display(), *OUTCOME_PILLS[row.outcome])

    @display(description=_("Errors as answered"))
    def refusals(self, row):
        return lines(f"{error.get('code')}: {error.get('message')}" for error in row.errors)

    @display(description=_("Issued badges"))
    def earned(self, row):
        return facts(row.earnedbadge_set, row)

    @display(description=_("Enrolments"))
    def enrolments(self, row):
        return facts(row.enrolment_set, row)

    @display(description=_("Revoked"))
    def revoked(self, row):
        both = (row.revoked_earnedbadges, row.revoked_enrolments)
        return lines(shown for rows in both if (shown := facts(rows, row)))

    @display(description=_("Content"))
    def received_content(self, row):
        if not row.content:
            return None
        cut = _("… %(more)d more characters") % {"more": len(row.content) - SHOWN_CONTENT}
        return format_html(
            AS_RECEIVED,
            row.content[:SHOWN_CONTENT],
            cut if len(row.content) > SHOWN_CONTENT else "",
        )

    @display(description=_("Fingerprint"))
    def fingerprint_text(self, row):
        return row.fingerprint and format_html(AS_RECEIVED, row.fingerprint, "")
