"""The badges of one customer: lists and details, read only from the ledgers."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, auto
from typing import Unpack

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import OrderBy

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import (
    BadgeMeta,
    Definition,
    EarnedBadge,
    EarnLimit,
    Enrolment,
    FactStatus,
    Limit,
    is_id,
)
from badges.models.badge_filters import BadgeFilters
from badges.models.querysets import (
    BadgeMetaQuerySet,
    EnrolmentQuerySet,
    FactQuerySet,
)
from badges.models.values import is_never
from badges.services.customers import limits


class BadgeList(StrEnum):
    """The lists of badges that a customer has (CONTRACT.md, 2.6 and 2.7)."""

    ENROLABLE = auto()
    EARNABLE = auto()
    HELD = auto()
    EARNED = auto()
    LAPSED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerBadge:
    """One badge with the enrolments and earned badges of one customer.

    `earned` and `used` are None unless the statistics were requested.
    """

    badge: BadgeMeta
    definition: Definition
    enrolments: list[Enrolment]
    now: datetime
    earned: list[EarnedBadge] | None = None
    used: Mapping[Limit, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The counts of one badge of a customer; only `issued` and `revoked` include revoked ones.

    `active_id` is the id of an active one: the only one if `active` is 1. `valid_until` is the
    latest expiry of the active ones.
    """

    issued: int
    revoked: int
    active: int
    last_earned_at: datetime | None
    active_id: str | None
    valid_until: datetime | None

    @property
    def not_revoked(self) -> int:
        return self.issued - self.revoked

    @property
    def never_expires(self) -> bool:
        """Whether an active one never expires; of these, the one issued last ends last."""
        if self.valid_until is None or self.last_earned_at is None:
            return False
        return is_never(self.valid_until, base=self.last_earned_at)


def badges_of(
    customer_id: int,
    badge_list: BadgeList,
    *,
    now: datetime,
    sort: str | None = None,
    descending: bool = True,
    **filters: Unpack[BadgeFilters],
) -> BadgeMetaQuerySet:
    """Return one list of a customer's badges, annotated with the customer's earns.

    `sort` is "rank" or a column, which may be an annotated one. By default the newest come first:
    the last earned, or in lists of badges to enrol in or to earn the last enrolled and then the
    newest badge. `filters` contains the filters of `BadgeMeta.objects.matching`.
    """
    earned = EarnedBadge.objects.of_customer(customer_id)
    enrolments = Enrolment.objects.of_customer(customer_id)
    badges = (
        _badges_of_list(badge_list, earned, enrolments, now)
        .matching(now, **filters)
        .with_everything()
        .with_earned(earned, now)
        .alias(
            last_enrolled_at=_latest(enrolments.order_by("-enrolled_at"), "enrolled_at"),
            last_lapsed_at=_latest(earned.lapsed(now).order_by("-expires_at"), "expires_at"),
        )
    )
    if sort == "rank":
        return badges.by_rank()
    if sort is None:
        return badges.order_by(*_newest_first(badge_list))
    column = F(sort)
    if descending:
        return badges.order_by(column.desc(nulls_last=True), "-pk")
    return badges.order_by(column.asc(nulls_last=True), "pk")


def _newest_first(badge_list: BadgeList) -> list[str | OrderBy]:
    if badge_list in (BadgeList.ENROLABLE, BadgeList.EARNABLE):
        return [F("last_enrolled_at").desc(nulls_last=True), "-created_at", "-pk"]
    return [F("last_earned_at").desc(nulls_last=True), "-pk"]


def uses_of(customer_id: int, *, now: datetime) -> tuple[dict[str, Counter[Limit]], set[str]]:
    """Return the use of each limit by badge, and the badges with a limit that is used up."""
    badges = limits.definitions_with_limits(EarnLimit.objects.select_related("badge"))
    used = limits.used_of_badges(badges, customer_id, event_at=now, now=now)
    reached = (badge for badge in badges if rules.levels_reached(badge.limits, used[badge.id]))
    return used, {badge.id for badge in reached}


def holdings_of(customer_id: int, *, now: datetime) -> dict[str, Holding]:
    """Return the holdings of a customer by badge, in one query for the customer's rows."""
    not_revoked, active = Q(revoked_at__isnull=True), Q(revoked_at__isnull=True, expires_at__gt=now)
    rows = EarnedBadge.objects.of_customer(customer_id).order_by().values("badge_id")
    counts = rows.annotate(
        issued=Count("pk"),
        revoked=Count("revoked_at"),
        active=Count("pk", filter=active),
        last_earned_at=Max("earned_at", filter=not_revoked),
        active_id=Max("pk", filter=active),
        valid_until=Max("expires_at", filter=active),
    )
    return {
        row["badge_id"]: Holding(
            issued=row["issued"],
            revoked=row["revoked"],
            active=row["active"],
            last_earned_at=row["last_earned_at"],
            active_id=row["active_id"],
            valid_until=row["valid_until"],
        )
        for row in counts
    }


def badge_of(
    customer_id: int, badge_id: str, *, now: datetime, sort: str, with_statistics: bool
) -> CustomerBadge:
    """Return one badge of a customer, with the latest facts first. Raises BadgeError: 404."""
    of_customer = EarnedBadge.objects.of_customer(customer_id)
    badges = BadgeMeta.objects.with_everything().with_earned(of_customer, now)
    badge = badges.filter(pk=badge_id).first() if is_id(badge_id) else None
    if badge is None:
        raise BadgeError(ErrorCode.NOT_FOUND, "badge_id")
    enrolments = Enrolment.objects.of_customers(badge.pk, [customer_id])
    customer_badge = CustomerBadge(
        badge=badge,
        definition=badge.definition(),
        enrolments=list(enrolments.order_by("-enrolled_at", "-pk")),
        now=now,
    )
    if not with_statistics:
        return customer_badge
    earned = of_customer.filter(badge=badge).annotate(sent_id=F("request__request_id"))
    return replace(
        customer_badge,
        earned=list(earned.order_by(f"-{sort}", "-pk")),
        used=_used(customer_badge.definition, customer_id, now),
    )


def enrolment_statuses(
    customer_id: int, badges: Iterable[BadgeMeta], *, now: datetime
) -> dict[str, FactStatus]:
    """Return the status of the customer's enrolment by badge, if there ever was one."""
    by_badge: dict[str, list[Enrolment]] = {}
    badge_ids = [badge.pk for badge in badges]
    of_customer = Enrolment.objects.of_customer(customer_id).filter(badge_id__in=badge_ids)
    for enrolment in of_customer.order_by("-enrolled_at", "-pk"):
        by_badge.setdefault(enrolment.badge_id, []).append(enrolment)
    statuses = {badge_id: status_of(enrolments, now) for badge_id, enrolments in by_badge.items()}
    return {badge_id: status for badge_id, status in statuses.items() if status is not None}


def status_of(enrolments: Iterable[Enrolment], now: datetime) -> FactStatus | None:
    """Return ACTIVE if one of the enrolments is active, else the status of the first, if any."""
    statuses = [enrolment.status(now) for enrolment in enrolments]
    if FactStatus.ACTIVE in statuses:
        return FactStatus.ACTIVE
    return next(iter(statuses), None)


def _badges_of_list(
    badge_list: BadgeList,
    earned: FactQuerySet[EarnedBadge],
    enrolments: EnrolmentQuerySet,
    now: datetime,
) -> BadgeMetaQuerySet:
    badges = BadgeMeta.objects.all()
    if badge_list == BadgeList.ENROLABLE:
        return badges.enrolable(enrolments, now)
    if badge_list == BadgeList.EARNABLE:
        return badges.earnable(enrolments, now)
    if badge_list == BadgeList.HELD:
        return badges.held(earned, now)
    if badge_list == BadgeList.LAPSED:
        return badges.lapsed(earned, now)
    return badges.earned(earned)


def _latest(facts: QuerySet[EarnedBadge] | QuerySet[Enrolment], column: str) -> Subquery:
    return Subquery(facts.filter(badge=OuterRef("pk")).values(column)[:1])


def _used(badge: Definition, customer_id: int, now: datetime) -> Mapping[Limit, int]:
    """Return the number of earns that count against each current limit."""
    by_customer = limits.used_by_customers(badge, [customer_id], event_at=now, now=now)
    return by_customer[customer_id] | limits.used_by_all(badge, event_at=now, now=now)
