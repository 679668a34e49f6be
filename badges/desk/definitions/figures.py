"""The figures of a badge, read from the daily counts, never from the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils.translation import gettext as _

from badges.desk.parts.numbers import group_digits
from badges.models import EVER, BadgeCount, BadgeMeta
from badges.models.values import start_of_day

RECENT_DAYS = 30


@dataclass(frozen=True)
class Figure:
    """One number with its label and icon."""

    label: str
    icon: str
    count: int

    @property
    def number(self) -> str:
        return group_digits(self.count)


def issued_recently(badges: Iterable[BadgeMeta], now: datetime) -> dict[str, int]:
    """Return by badge the number of issues in the last 30 days, including today."""
    counts = BadgeCount.objects.filter(badge__in=[badge.pk for badge in badges], day__gt=_day(now))
    return dict(counts.order_by().values_list("badge_id").annotate(Sum("issued")))


def statistics(badge: BadgeMeta, now: datetime) -> list[Figure]:
    """Return the figures of a badge over its whole life, and over the last 30 days."""
    ever = BadgeCount.objects.filter(badge=badge, day=EVER).first() or BadgeCount()
    recent = issued_recently([badge], now).get(badge.pk, 0)
    figures = [
        Figure(_("Issued"), "workspace_premium", ever.issued),
        Figure(_("Issued in 30 days"), "trending_up", recent),
        Figure(_("Revoked"), "undo", ever.revoked),
    ]
    if badge.enrolment_expiry_kind:
        figures.insert(0, Figure(_("Enrolled"), "how_to_reg", ever.enrolled))
    return figures


def _day(now: datetime):
    return (start_of_day(now) - timedelta(days=RECENT_DAYS)).date()
