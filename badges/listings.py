"""Badge definitions as they are read: found, sorted, counted, with the cycles of their windows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import (
    BadgeGroup,
    BadgeMeta,
    CustomField,
    CustomValue,
    EarnedBadge,
    EarnTally,
    Enrolment,
    LimitKind,
    LimitLevel,
    is_id,
)
from badges.services.definitions import reload
from badges.services.windows import Cycles, Days, cycles_between, reference_id


@dataclass(frozen=True, slots=True)
class Counts:
    """How many enrolments and earned badges of a badge stand; revoked ones do not."""

    enrolments: int
    earned: int


def badges_like(
    *, now: datetime, sort: str = "pk", descending: bool = False, **only
) -> QuerySet[BadgeMeta]:
    """Return the badges that the filters let pass, with everything they have.

    `only` holds the filters of `BadgeMeta.objects.matching`.
    """
    found = BadgeMeta.objects.matching(now, **only).with_everything()
    return found.order_by(f"-{sort}" if descending else sort, "pk")


def badge_with_everything(badge_id: str) -> BadgeMeta:
    """Return a badge with what is shown of it. Raises BadgeError: 404."""
    return _named(BadgeMeta.objects.with_everything(), badge_id, "badge_id")


def groups(*, descending: bool = False) -> QuerySet[BadgeGroup]:
    """Return all groups by their rank, disabled ones too."""
    return BadgeGroup.objects.order_by("-rank" if descending else "rank", "name", "pk")


def group(group_id: str) -> BadgeGroup:
    """Return a group. Raises BadgeError: 404."""
    return _named(BadgeGroup.objects.all(), group_id, "group_id", _("There is no such group."))


def badges_of_group(group: BadgeGroup) -> QuerySet[BadgeMeta]:
    """Return the badges that were put into a group, as they are shown in it while it is active."""
    return BadgeMeta.objects.filter(group=group).by_rank().prefetch_related("images")


def custom_fields(
    *, active: bool = True, sort: str = "updated_at", descending: bool = True
) -> QuerySet[CustomField]:
    """Return the active custom fields, or the disabled ones."""
    found = CustomField.objects.filter(active=active)
    return found.order_by(f"-{sort}" if descending else sort, "pk")


def custom_field(field_id: str) -> CustomField:
    """Return an active custom field; disabled ones are not shown (contract, 2.18).

    Raises BadgeError: 404.
    """
    found = CustomField.objects.filter(active=True)
    return _named(found, field_id, "field_id", _("There is no such active custom field."))


def values_of_field(field: CustomField) -> QuerySet[CustomValue]:
    """Return what each badge says in a custom field, by the name of the badge."""
    values = CustomValue.objects.filter(field=field).order_by("badge__name", "pk")
    return values.select_related("badge").prefetch_related("badge__images")


def _named(found: QuerySet, pk: str, argument: str, message=None):
    row = found.filter(pk=pk).first() if is_id(pk) else None
    if row is None:
        raise BadgeError(ErrorCode.NOT_FOUND, argument, message)
    return row


def counts_of(badges: Iterable[BadgeMeta]) -> dict[str, Counts]:
    """Return by badge how often it was given, in one query for each kind of fact."""
    badge_ids = [badge.pk for badge in badges]
    enrolments, earned = (_counted(facts, badge_ids) for facts in (Enrolment, EarnedBadge))
    return {
        badge_id: Counts(enrolments.get(badge_id, 0), earned.get(badge_id, 0))
        for badge_id in badge_ids
    }


def _counted(facts, badge_ids: list[str]) -> dict[str, int]:
    standing = facts.objects.standing().filter(badge_id__in=badge_ids).order_by()
    return dict(standing.values_list("badge_id").annotate(count=Count("*")))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCycles:
    """The cycles of a badge in a period; `customer_id` and counts only when they were asked for."""

    badge_id: str
    since: datetime
    until: datetime
    cycles: Cycles
    counted: bool
    customer_id: int | None

    def counts(self, cycles: Sequence[Days]) -> dict[Days, int] | None:
        """Return how many standing earned badges count in each of some cycles, by event date.

        Those of the customer at the level of a customer, those of all at the level of the badge.
        """
        if not self.counted:
            return None
        held = EarnedBadge.objects.standing().of_customers(self.badge_id, [self.customer_id])
        tallies = EarnTally.objects.filter(badge_id=self.badge_id)
        by_level = {
            level: [cycle for cycle in cycles if cycle.limit.level == level] for level in LimitLevel
        }
        return _held_in(held, by_level[LimitLevel.CUSTOMER]) | _tallied_in(
            tallies, by_level[LimitLevel.BADGE]
        )


def cycles_of(
    *,
    badge_id: str,
    levels: Sequence[LimitLevel],
    since: datetime | None = None,
    until: datetime | None = None,
    reference: UUID | None = None,
    counted: bool = False,
    customer_id: int | None = None,
) -> FoundCycles:
    """Return the cycles of the fixed windows of a badge that touch a period, by default its own.

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
    return FoundCycles(
        badge_id=badge.id,
        since=since,
        until=until,
        cycles=cycles_between(since, until, limits=windows, badge=badge),
        counted=counted,
        customer_id=customer_id if counted else None,
    )


def _held_in(held: QuerySet[EarnedBadge], cycles: list[Days]) -> dict[Days, int]:
    counts = [
        Count("pk", filter=Q(event_at__gte=cycle.first_day, event_at__lt=cycle.next_day))
        for cycle in cycles
    ]
    return _by_cycle(held, counts, cycles)


def _tallied_in(tallies: QuerySet[EarnTally], cycles: list[Days]) -> dict[Days, int]:
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


def _by_cycle(rows: QuerySet, counts: list, cycles: list[Days]) -> dict[Days, int]:
    """Return one count for each cycle, all of them in one query."""
    if not cycles:
        return {}
    found = rows.aggregate(**{f"cycle_{place}": count for place, count in enumerate(counts)})
    return dict(zip(cycles, found.values(), strict=True))
