"""The badges that one customer may be enrolled in or given, up to the maximum of a page."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from badges.models import BadgeMeta, EarnType, Enrolment, ExpiryKind
from badges.paging import MAX_LISTED, BoundedCount
from badges.selectors.customer_badges import BadgeList, Holding

MAX_OFFERED = 300
COLUMNS = (
    *("pk", "name", "earn_type", "active", "starts_at", "expires_at"),
    *("enrolment_expiry_kind", "enrolment_expiry_at"),
)


@dataclass(frozen=True, kw_only=True)
class Offers:
    """The badges, and the keys of those that the customer may be enrolled in or given.

    If `is_cut`, there are more badges; the rows are then live badges, those that end first.
    """

    rows: list = field(repr=False)
    enrolable: set[str]
    earnable: set[str]
    enrolments: int
    is_cut: bool
    now: datetime

    def totals(self, holdings: Mapping[str, Holding], used_up: Collection[str]) -> Counter:
        """Return the number of badges in each list of a customer, and of facts in the ledgers.

        Badges with a limit that is `used_up` are not counted as earnable. The keys are those of
        BadgeList, "issued", "revoked" and "enrolments".
        """
        counts = holdings.values()
        return Counter(
            {
                BadgeList.ENROLABLE: len(self.enrolable),
                BadgeList.EARNABLE: len(self.earnable.difference(used_up)),
                BadgeList.HELD: sum(count.active > 0 for count in counts),
                BadgeList.EARNED: sum(count.not_revoked > 0 for count in counts),
                BadgeList.LAPSED: sum(
                    count.not_revoked > 0 and not count.active for count in counts
                ),
                "issued": sum(count.issued for count in counts),
                "revoked": sum(count.revoked for count in counts),
                "enrolments": self.enrolments,
            }
        )

    def to_issue(self, used_up: Collection[str]) -> list[str]:
        """Return the keys: earnable badges, then other live ones, upcoming ones, and the rest.

        Each kind is sorted by name. Badges that are `used_up` have reached a limit and are not
        earnable.
        """
        return [row.pk for row in sorted(self.rows, key=lambda row: self._sort_key(row, used_up))]

    def to_enrol(self) -> list[str]:
        """Return the keys of badges in which the customer may be enrolled, sorted by name."""
        rows = [row for row in self.rows if row.pk in self.enrolable]
        return [row.pk for row in sorted(rows, key=lambda row: (row.name, row.pk))]

    def _sort_key(self, row, used_up: Collection[str]) -> tuple:
        if row.pk in self.earnable and row.pk not in used_up:
            rank = 0
        elif _is_live(row, self.now):
            rank = 1
        else:
            rank = 2 if row.starts_at > self.now else 3
        return rank, row.name


def offers_to(customer_id: int, *, now: datetime) -> Offers:
    """Return the offers to a customer: all badges, or the live ones if there are too many."""
    rows = list(_rows(BadgeMeta.objects.order_by("pk"), customer_id, now))
    is_cut = len(rows) > MAX_OFFERED
    enrolments = rows[0].enrolments if rows else 0  # every enrolment has a badge
    if is_cut:
        live = BadgeMeta.objects.live(now).order_by("expires_at", "pk")
        rows = list(_rows(live, customer_id, now))[:MAX_OFFERED]
    live_rows = [row for row in rows if _is_live(row, now)]
    return Offers(
        rows=rows,
        enrolable={row.pk for row in live_rows if _is_enrolable(row, now)},
        earnable={row.pk for row in live_rows if row.earn_type == EarnType.EARN or row.is_covered},
        enrolments=enrolments,
        is_cut=is_cut,
        now=now,
    )


def _rows(badges: QuerySet[BadgeMeta], customer_id: int, now: datetime) -> QuerySet:
    enrolments = Enrolment.objects.of_customer(customer_id)
    of_badge = enrolments.filter(badge=OuterRef("pk"))
    rows = badges.annotate(
        is_enrolled=Exists(of_badge.active(now)),
        is_covered=Exists(of_badge.covering(now)),
        enrolments=BoundedCount(enrolments.order_by().values("pk")[:MAX_LISTED]),
    )
    names = (*COLUMNS, "is_enrolled", "is_covered", "enrolments")
    return rows.values_list(*names, named=True)[: MAX_OFFERED + 1]


def _is_live(row, now: datetime) -> bool:
    return row.active and row.starts_at <= now < row.expires_at


def _is_enrolable(row, now: datetime) -> bool:
    is_over = row.enrolment_expiry_kind == ExpiryKind.FIXED_DATE and row.enrolment_expiry_at <= now
    return row.earn_type == EarnType.ISSUE_EARN and not row.is_enrolled and not is_over
