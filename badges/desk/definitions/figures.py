"""How often badges were given: read from the counts by day, never from the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils.translation import gettext as _

from badges.desk.numbers import grouped
from badges.models import EVER, BadgeCount, BadgeMeta
from badges.models.values import start_of_day

LATELY = 30


@dataclass(frozen=True)
class Figure:
    """One number and what it counts."""

    label: str
    icon: str
    count: int

    @property
    def number(self) -> str:
        return grouped(self.count)


def issued_lately(badges: Iterable[BadgeMeta], now: datetime) -> dict[str, int]:
    """Return by badge how often it was issued in the last 30 days, today included."""
    counts = BadgeCount.objects.filter(badge__in=[badge.pk for badge in badges], day__gt=_day(now))
    return dict(counts.order_by().values_list("badge_id").annotate(Sum("issued")))


def statistics(badge: BadgeMeta, now: datetime) -> list[Figure]:
    """Return what became of a badge since it exists, and lately."""
    ever = BadgeCount.objects.filter(badge=badge, day=EVER).first() or BadgeCount()
    figures = [
        Figure(_("Issued"), "workspace_premium", ever.issued),
        Figure(_("Issued in 30 days"), "trending_up", issued_lately([badge], now).get(badge.pk, 0)),
        Figure(_("Revoked"), "undo", ever.revoked),
    ]
    if badge.enrolment_expiry_kind:
        figures.insert(0, Figure(_("Enrolled"), "how_to_reg", ever.enrolled))
    return figures


def _day(now: datetime):
    return (start_of_day(now) - timedelta(days=LATELY)).date()
