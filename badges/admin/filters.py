"""Filters of the lists; a value that makes no sense finds nothing and is never an error."""

from datetime import datetime, time

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms import DateField, TimeField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter

from badges.errors import ErrorCode
from badges.models import OwnerType, Status


class PeriodFilter(RangeDateTimeFilter):
    """From .. to, in UTC; a date without a time takes in the whole day."""

    def queryset(self, request, queryset):
        try:
            since, until = self._moment("from", time.min), self._moment("to", time.max)
        except ValidationError:
            return queryset.none()
        if since:
            queryset = queryset.filter(**{f"{self.field_path}__gte": since})
        if until:
            queryset = queryset.filter(**{f"{self.field_path}__lte": until})
        return queryset

    def _moment(self, end, default):
        day, clock = (
            self.used_parameters.get(f"{self.field_path}_{end}_{part}") for part in (0, 1)
        )
        if not day:
            return None
        clock = TimeField(required=False).clean(clock) or default
        return timezone.make_aware(datetime.combine(DateField().clean(day), clock))


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


class RevokedFilter(DropdownFilter):
    """Facts that stand, or facts that were revoked."""

    title = _("revocation")
    parameter_name = "revoked"

    def lookups(self, request, model_admin):
        return [("no", _("Not revoked")), ("yes", _("Revoked"))]

    def queryset(self, request, queryset):
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(revocation__isnull=self.value() == "no")


class CodeFilter(DropdownFilter):
    """Refused requests by the code of the refusal."""

    title = _("code")
    parameter_name = "code"

    def lookups(self, request, model_admin):
        return [(str(code.value), f"{code.value} {code.message}") for code in ErrorCode]

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        return queryset.filter(code=self.value()) if self.value().isdecimal() else queryset.none()
