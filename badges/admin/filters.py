"""Filters of the lists; a value that makes no sense finds nothing and is never an error."""

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from badges.models import OwnerType, Status


class StatusFilter(DropdownFilter):
    """Where a badge stands by its dates."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request, model_admin):
        return Status.choices

    def queryset(self, request, queryset):
        now = timezone.now()
        conditions = {
            Status.UPCOMING: Q(starts_at__gt=now),
            Status.LIVE: Q(starts_at__lte=now, expires_at__gt=now),
            Status.EXPIRED: Q(starts_at__lte=now, expires_at__lte=now),
        }
        return queryset.filter(conditions.get(self.value(), Q()))


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
