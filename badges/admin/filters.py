"""Filters of the lists; an unknown value finds nothing, like an unknown choice in Django's own.

No index contains the badges of a status or of an owner in the order of the list. `keys` returns
them in an order that an index has, for lists of which not all rows may be read (`admin.lists`).
"""

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from badges.models import BadgeMeta, BadgeOwner, OwnerType, Status


class StatusFilter(DropdownFilter):
    """Badges with a status, which depends on their dates."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request, model_admin):
        return Status.choices

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        now = timezone.now()
        conditions = {
            Status.UPCOMING: Q(starts_at__gt=now),
            Status.LIVE: Q(starts_at__lte=now, expires_at__gt=now),
            Status.EXPIRED: Q(starts_at__lte=now, expires_at__lte=now),
        }
        condition = conditions.get(self.value())
        return queryset.none() if condition is None else queryset.filter(condition)

    def keys(self, request):
        """Return the keys of the badges, those first that begin, end or ended nearest to now."""
        orders = {Status.UPCOMING: "starts_at", Status.EXPIRED: "-expires_at"}
        rows = self.queryset(request, BadgeMeta.objects.all())
        return rows.order_by(orders.get(self.value(), "expires_at")).values_list("pk", flat=True)


class OwnerFilter(DropdownFilter):
    """Badges that a module owns."""

    title = _("owner")
    parameter_name = "owner"

    def lookups(self, request, model_admin):
        return OwnerType.claimable()

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        return queryset.filter(owners__owner_type=self.value())

    def keys(self, request):
        """Return the keys of the badges, the newest first."""
        rows = BadgeOwner.objects.filter(owner_type=self.value())
        return rows.order_by("-badge").values_list("badge", flat=True)
