"""How often badges were given: read from the counts by day, never from the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, Sum
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from badges.models import BadgeMeta, DailyCount, Operation
from badges.models.values import start_of_day

LATELY = 30
ISSUES = [Operation.EARN, Operation.EARN_BULK, Operation.IMPORT_EARNED]


@dataclass(frozen=True)
class Figure:
    """One number and what it counts."""

    label: str
    icon: str
    count: int

    @property
    def number(self) -> str:
        return grouped(self.count)


def grouped(count: int) -> str:
    """Return a number as the language of the reader writes it."""
    return number_format(count, force_grouping=True)


def issued_lately(badges: Iterable[BadgeMeta], now: datetime) -> dict[str, int]:
    """Return by badge how often it was issued in the last 30 days, today included."""
    counts = DailyCount.objects.filter(
        badge_id__in=[badge.pk for badge in badges],
        day__gt=_day(now),
        operation__in=ISSUES,
        code=0,
    )
    return dict(counts.order_by().values_list("badge_id").annotate(Sum("customers")))


def statistics(badge: BadgeMeta, now: datetime) -> list[Figure]:
    """Return what became of a badge since it exists, and lately."""
    issues = Q(operation__in=ISSUES)
    found = DailyCount.objects.filter(badge_id=badge.pk, code=0).aggregate(
        enrolled=_customers(Q(operation=Operation.ENROL_BULK)),
        issued=_customers(issues),
        revoked=_customers(Q(operation=Operation.REVOKE_EARN)),
        lately=_customers(issues, Q(day__gt=_day(now))),
    )
    figures = [
        Figure(_("Issued"), "workspace_premium", found["issued"]),
        Figure(_("Issued in 30 days"), "trending_up", found["lately"]),
        Figure(_("Revoked"), "undo", found["revoked"]),
    ]
    if badge.enrolment_expiry_kind:
        figures.insert(0, Figure(_("Enrolled"), "how_to_reg", found["enrolled"]))
    return figures


def _customers(*conditions: Q) -> Sum:
    return Sum("customers", filter=Q(*conditions), default=0)


def _day(now: datetime):
    return (start_of_day(now) - timedelta(days=LATELY)).date()
