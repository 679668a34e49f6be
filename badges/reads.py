"""What the badges are to one customer: lists and details, read from the ledgers alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, auto

from django.db.models import Case, Count, F, Max, OuterRef, Q, QuerySet, Subquery, Value, When

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
from badges.services import limits


class Listed(StrEnum):
    """The lists of badges that a customer has (contract, 2.6 and 2.7)."""

    ENROLABLE = auto()
    EARNABLE = auto()
    HELD = auto()
    EARNED = auto()
    LAPSED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerBadge:
    """One badge and everything one customer has of it.

    `earned` and `used` are None unless the statistics were asked for.
    """

    badge: BadgeMeta
    definition: Definition
    enrolments: list[Enrolment]
    now: datetime
    earned: list[EarnedBadge] | None = None
    used: Mapping[Limit, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the ledger has of one badge of a customer; revoked ones only in `issued` and `revoked`.

    `active_id` is one that is active: the only one where `active` is 1. `valid_until` is when the
    last of the active ones ends.
    """

    issued: int
    revoked: int
    active: int
    last_earned_at: datetime | None
    active_id: str | None
    valid_until: datetime | None

    @property
    def standing(self) -> int:
        return self.issued - self.revoked


def badges_of(
    customer_id: int,
    listed: Listed,
    *,
    now: datetime,
    sort: str = "pk",
    descending: bool = False,
    **only,
) -> QuerySet[BadgeMeta]:
    """Return one list of a customer's badges, each with what the customer earned of it.

    `sort` is "rank" or a column, those of the customer included; `only` holds the filters of
    `BadgeMeta.objects.matching`.
    """
    earned = EarnedBadge.objects.of_customer(customer_id)
    enrolments = Enrolment.objects.of_customer(customer_id)
    found = (
        _listed(listed, earned, enrolments, now)
        .matching(now, **only)
        .with_everything()
        .with_earned(earned, now)
        .alias(
            last_enrolled_at=_latest(enrolments.order_by("-enrolled_at"), "enrolled_at"),
            last_lapsed_at=_latest(earned.lapsed(now).order_by("-expires_at"), "expires_at"),
        )
    )
    if sort == "rank":
        return found.by_rank()
    column = F(sort)
    first = column.desc(nulls_last=True) if descending else column.asc(nulls_last=True)
    return found.order_by(first, "pk")


def uses_of(customer_id: int, *, now: datetime) -> tuple[dict[str, Counter], set[str]]:
    """Return by badge how much of each limit is used, and the badges with one that is used up."""
    badges = limits.limited(EarnLimit.objects.all())
    used = limits.used_of_badges(badges, customer_id, event_at=now, now=now)
    reached = (badge for badge in badges if rules.levels_reached(badge.limits, used[badge.id]))
    return used, {badge.id for badge in reached}


def every_badge_of(
    customer_id: int, *, now: datetime, used_up: Iterable[str]
) -> QuerySet[BadgeMeta]:
    """Return all badges: what the customer may be given first, then live ones, those to come, rest.

    Those of a kind by name. `used_up` are the badges that a limit keeps from the first.
    """
    badges = BadgeMeta.objects.all()
    earnable = badges.earnable(Enrolment.objects.of_customer(customer_id), now).values("pk")
    first = Q(pk__in=earnable) & ~Q(pk__in=used_up)
    places = [first, Q(pk__in=badges.live(now).values("pk")), Q(starts_at__gt=now)]
    place = Case(
        *(When(condition, then=Value(place)) for place, condition in enumerate(places)),
        default=Value(len(places)),
    )
    return badges.with_everything().order_by(place, "name")


def enrolable_badges_of(customer_id: int, *, now: datetime) -> QuerySet[BadgeMeta]:
    """Return by name the badges that the customer may be enrolled in now."""
    enrolments = Enrolment.objects.of_customer(customer_id)
    return BadgeMeta.objects.enrolable(enrolments, now).with_everything().order_by("name", "pk")


def holdings_of(customer_id: int, *, now: datetime) -> dict[str, Holding]:
    """Return by badge what a customer was ever given, from one reading of the customer's rows."""
    standing, active = Q(revoked_at__isnull=True), Q(revoked_at__isnull=True, expires_at__gt=now)
    rows = EarnedBadge.objects.of_customer(customer_id).order_by().values("badge_id")
    found = rows.annotate(
        issued=Count("pk"),
        revoked=Count("revoked_at"),
        active=Count("pk", filter=active),
        last_earned_at=Max("earned_at", filter=standing),
        active_id=Max("pk", filter=active),
        valid_until=Max("expires_at", filter=active),
    )
    return {row.pop("badge_id"): Holding(**row) for row in found}


def totals_of(
    customer_id: int, holdings: Mapping[str, Holding], *, now: datetime, used_up: Iterable[str]
) -> Counter:
    """Return how many badges each list of a customer has, and how much the ledgers hold.

    Badges with a limit that is `used_up` are not counted as earnable.

    The keys are Listed, "badges" (all there are), "issued", "revoked" and "enrolments".
    """
    enrolments = Enrolment.objects.of_customer(customer_id)
    counted = {
        Listed.ENROLABLE: BadgeMeta.objects.enrolable(enrolments, now),
        Listed.EARNABLE: BadgeMeta.objects.earnable(enrolments, now).exclude(pk__in=used_up),
        "badges": BadgeMeta.objects.all(),
        "enrolments": enrolments,
    }
    questions = [
        rows.order_by().annotate(key=Value(key)).values("key").values_list("key", Count("pk"))
        for key, rows in counted.items()
    ]
    had = holdings.values()
    return Counter(dict(questions[0].union(*questions[1:], all=True))) | Counter(
        {
            Listed.HELD: sum(each.active > 0 for each in had),
            Listed.EARNED: sum(each.standing > 0 for each in had),
            Listed.LAPSED: sum(each.standing > 0 and not each.active for each in had),
            "issued": sum(each.issued for each in had),
            "revoked": sum(each.revoked for each in had),
        }
    )


def badge_of(
    customer_id: int, badge_id: str, *, now: datetime, sort: str, with_statistics: bool
) -> CustomerBadge:
    """Return what one badge is to a customer, the latest facts first. Raises BadgeError: 404."""
    of_customer = EarnedBadge.objects.of_customer(customer_id)
    badges = BadgeMeta.objects.with_everything().with_earned(of_customer, now)
    badge = badges.filter(pk=badge_id).first() if is_id(badge_id) else None
    if badge is None:
        raise BadgeError(ErrorCode.NOT_FOUND, "badge_id")
    enrolments = Enrolment.objects.of_customers(badge.pk, [customer_id])
    found = CustomerBadge(
        badge=badge,
        definition=badge.definition(),
        enrolments=list(enrolments.order_by("-enrolled_at", "-pk")),
        now=now,
    )
    if not with_statistics:
        return found
    earned = of_customer.filter(badge=badge).annotate(sent_id=F("request__request_id"))
    return replace(
        found,
        earned=list(earned.order_by(f"-{sort}", "-pk")),
        used=_used(found.definition, customer_id, now),
    )


def enrolment_statuses(
    customer_id: int, badges: Iterable[BadgeMeta], *, now: datetime
) -> dict[str, FactStatus]:
    """Return by badge where the customer's enrolment in it stands, if there ever was one."""
    by_badge = {}
    badge_ids = [badge.pk for badge in badges]
    theirs = Enrolment.objects.of_customer(customer_id).filter(badge_id__in=badge_ids)
    for enrolment in theirs.order_by("-enrolled_at", "-pk"):
        by_badge.setdefault(enrolment.badge_id, []).append(enrolment)
    return {badge_id: status_of(found, now) for badge_id, found in by_badge.items()}


def status_of(enrolments: Iterable[Enrolment], now: datetime) -> FactStatus | None:
    """Return ACTIVE when one of the enrolments is, else where the first stands."""
    statuses = [enrolment.status(now) for enrolment in enrolments]
    if FactStatus.ACTIVE in statuses:
        return FactStatus.ACTIVE
    return next(iter(statuses), None)


def _listed(listed: Listed, earned, enrolments, now: datetime):
    badges = BadgeMeta.objects.all()
    if listed == Listed.ENROLABLE:
        return badges.enrolable(enrolments, now)
    if listed == Listed.EARNABLE:
        return badges.earnable(enrolments, now)
    if listed == Listed.HELD:
        return badges.held(earned, now)
    if listed == Listed.LAPSED:
        return badges.lapsed(earned, now)
    return badges.earned(earned)


def _latest(facts, column: str) -> Subquery:
    return Subquery(facts.filter(badge=OuterRef("pk")).values(column)[:1])


def _used(badge: Definition, customer_id: int, now: datetime) -> Mapping[Limit, int]:
    """Return how much of each limit that holds now is used up."""
    by_customer = limits.used_by_customers(badge, [customer_id], event_at=now, now=now)
    return by_customer[customer_id] | limits.used_by_all(badge, event_at=now, now=now)
