"""Queries for badge definitions, groups and custom fields, with counts and window cycles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Unpack
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import (
    BadgeGroup,
    BadgeMeta,
    Claim,
    CustomField,
    CustomValue,
    EarnedBadge,
    EarnTally,
    Enrolment,
    IssueReason,
    LimitKind,
    LimitLevel,
    StatedReason,
    is_id,
)
from badges.models.badge_filters import BadgeFilters
from badges.models.querysets import BadgeMetaQuerySet, ModelT
from badges.paging import MAX_LISTED
from badges.services.catalogue.definitions import reload
from badges.services.catalogue.windows import Cycles, Days, cycles_between, reference_id

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of enrolments and earned badges of a badge, without revoked ones."""

    enrolments: int
    earned: int


def badges_like(
    *, now: datetime, sort: str = "pk", descending: bool = False, **filters: Unpack[BadgeFilters]
) -> BadgeMetaQuerySet:
    """Return the badges that match the filters, with all related rows.

    `filters` contains the filters of `BadgeMeta.objects.matching`.
    """
    rows = BadgeMeta.objects.matching(now, **filters).with_everything()
    return rows.order_by(f"-{sort}" if descending else sort, "pk")


def first_badges(now: datetime) -> QuerySet[BadgeMeta]:
    """Return all badges or, if there are more than `MAX_LISTED`, the live ones that end first.

    The keys are queried immediately.
    """
    all_keys = BadgeMeta.objects.order_by("pk").values_list("pk", flat=True)
    keys = list(all_keys[: MAX_LISTED + 1])
    if len(keys) > MAX_LISTED:
        live = BadgeMeta.objects.live(now).order_by("expires_at", "pk")
        keys = list(live.values_list("pk", flat=True)[:MAX_LISTED])
    return BadgeMeta.objects.filter(pk__in=keys)


def badge_with_everything(badge_id: str) -> BadgeMeta:
    """Return a badge with the related rows for its display. Raises BadgeError: 404."""
    return _get_or_404(BadgeMeta.objects.with_everything(), badge_id, "badge_id")


def badge_without_claims(badge_id: str) -> BadgeMeta:
    """Return a badge with the related rows for its display except claims, possibly thousands.

    Raises BadgeError: 404.
    """
    return _get_or_404(BadgeMeta.objects.with_display_parts().with_rules(), badge_id, "badge_id")


def claims_of(badge: BadgeMeta) -> QuerySet[Claim]:
    """Return the active claims of a badge, sorted by owner type and reference."""
    return badge.claims.active().order_by("owner_type", "reference_id")


def groups(*, descending: bool = False) -> QuerySet[BadgeGroup]:
    """Return all groups by rank, including disabled ones."""
    return BadgeGroup.objects.order_by("-rank" if descending else "rank", "name", "pk")


def group(group_id: str) -> BadgeGroup:
    """Return a group. Raises BadgeError: 404."""
    return _get_or_404(BadgeGroup.objects.all(), group_id, "group_id", _("There is no such group."))


def badges_of_group(group: BadgeGroup) -> QuerySet[BadgeMeta]:
    """Return the badges of a group, in the order in which they are shown if it is active."""
    found = BadgeMeta.objects.filter(group=group).prefetch_related("images")
    return found.order_by(F("rank").asc(nulls_last=True), "-expires_at", "pk")


def custom_fields(
    *, active: bool = True, sort: str = "updated_at", descending: bool = True
) -> QuerySet[CustomField]:
    """Return the active custom fields, or the disabled ones."""
    rows = CustomField.objects.filter(active=active)
    return rows.order_by(f"-{sort}" if descending else sort, "pk")


def custom_field(field_id: str) -> CustomField:
    """Return an active custom field; disabled ones are not shown (CONTRACT.md, 2.18).

    Raises BadgeError: 404.
    """
    rows = CustomField.objects.filter(active=True)
    return _get_or_404(rows, field_id, "field_id", _("There is no such active custom field."))


def values_of_field(field: CustomField) -> QuerySet[CustomValue]:
    """Return the values of a custom field with their badges, newest first."""
    values = CustomValue.objects.filter(field=field).order_by("-pk")
    return values.select_related("badge").prefetch_related("badge__images")


def reasons() -> QuerySet[IssueReason]:
    """Return all reasons for issuing by rank, including disabled ones."""
    return IssueReason.objects.order_by("rank", "name", "pk")


def reason(reason_id: str) -> IssueReason:
    """Return a reason for issuing. Raises BadgeError: 404."""
    rows = IssueReason.objects.all()
    return _get_or_404(rows, reason_id, "reason_id", _("There is no such reason."))


def requests_with_reason(reason: IssueReason) -> QuerySet[StatedReason]:
    """Return what requests with a reason stated, newest first, with the requests."""
    stated = StatedReason.objects.filter(reason=reason).order_by("-request")
    related = stated.select_related("request__badge", "request__integrator", "request__user")
    return related.defer("request__content", "request__errors")


def _get_or_404(
    rows: QuerySet[ModelT], pk: str, argument: str, message: "StrOrPromise | None" = None
) -> ModelT:
    row = rows.filter(pk=pk).first() if is_id(pk) else None
    if row is None:
        raise BadgeError(ErrorCode.NOT_FOUND, argument, message)
    return row


def counts_of(badges: Iterable[BadgeMeta]) -> dict[str, Counts]:
    """Return the counts by badge, in one query for each ledger."""
    badge_ids = [badge.pk for badge in badges]
    enrolments, earned = (_count_by_badge(facts, badge_ids) for facts in (Enrolment, EarnedBadge))
    return {
        badge_id: Counts(enrolments.get(badge_id, 0), earned.get(badge_id, 0))
        for badge_id in badge_ids
    }


def _count_by_badge(
    model: type[Enrolment] | type[EarnedBadge], badge_ids: list[str]
) -> dict[str, int]:
    rows = model.objects.not_revoked().filter(badge_id__in=badge_ids).order_by()
    return dict(rows.values_list("badge_id").annotate(count=Count("*")))


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedCycles:
    """The cycles of a badge in a period; `customer_id` and counts only if requested."""

    badge_id: str
    since: datetime
    until: datetime
    cycles: Cycles
    with_counts: bool
    customer_id: int | None

    def counts(self, cycles: Sequence[Days]) -> dict[Days, int] | None:
        """Return the number of earned badges in each cycle, by event date and without revoked ones.

        At the customer level these are the badges of the customer, at the badge level those of all
        customers.
        """
        if not self.with_counts:
            return None
        customer_ids = [] if self.customer_id is None else [self.customer_id]
        earned = EarnedBadge.objects.not_revoked().of_customers(self.badge_id, customer_ids)
        tallies = EarnTally.objects.filter(badge_id=self.badge_id)
        by_level = {
            level: [cycle for cycle in cycles if cycle.limit.level == level] for level in LimitLevel
        }
        return _count_earned(earned, by_level[LimitLevel.CUSTOMER]) | _count_tallied(
            tallies, by_level[LimitLevel.BADGE]
        )


def cycles_of(
    *,
    badge_id: str,
    levels: Sequence[LimitLevel],
    since: datetime | None = None,
    until: datetime | None = None,
    reference: UUID | None = None,
    with_counts: bool = False,
    customer_id: int | None = None,
) -> SelectedCycles:
    """Return the cycles of a badge's fixed windows that overlap a period, by default its own.

    `levels` gives their order; `reference` is the id of one window. Raises BadgeError: 404.
    """
    badge = reload(badge_id) if is_id(badge_id) else None
    if badge is None:
        raise BadgeError(ErrorCode.NOT_FOUND, "badge_id")
    since, until = since or badge.starts_at, until or badge.expires_at
    windows = [
        limit
        for level in levels
        for limit in badge.limits
        if (limit.level, limit.kind) == (level, LimitKind.FIXED_WINDOW)
        and reference in (None, reference_id(limit))
    ]
    return SelectedCycles(
        badge_id=badge.id,
        since=since,
        until=until,
        cycles=cycles_between(since, until, limits=windows, badge=badge),
        with_counts=with_counts,
        customer_id=customer_id if with_counts else None,
    )


def _count_earned(earned: QuerySet[EarnedBadge], cycles: list[Days]) -> dict[Days, int]:
    counts = [
        Count("pk", filter=Q(event_at__gte=cycle.first_day, event_at__lt=cycle.next_day))
        for cycle in cycles
    ]
    return _by_cycle(earned, counts, cycles)


def _count_tallied(tallies: QuerySet[EarnTally], cycles: list[Days]) -> dict[Days, int]:
    """Return the counts from the tallies, which every badge with a badge limit has."""
    sums = [
        Sum(
            "by_event_day",
            filter=Q(day__gte=cycle.first_day.date(), day__lte=cycle.last_day.date()),
            default=0,
        )
        for cycle in cycles
    ]
    return _by_cycle(tallies, sums, cycles)


def _by_cycle(
    rows: QuerySet[EarnedBadge] | QuerySet[EarnTally],
    counts: Sequence[Count | Sum],
    cycles: list[Days],
) -> dict[Days, int]:
    """Return one count for each cycle, all in one query."""
    if not cycles:
        return {}
    totals = rows.aggregate(**{f"cycle_{index}": count for index, count in enumerate(counts)})
    return dict(zip(cycles, totals.values(), strict=True))
