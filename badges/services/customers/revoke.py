"""Revoke badges and enrolments: the revocation columns are written once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Max, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import Definition, EarnedBadge, Enrolment, Operation, RequestLog
from badges.models.querysets import FactQuerySet
from badges.services.catalogue import definitions
from badges.services.customers import limits
from badges.services.customers.outcomes import BulkResult, Outcome, record_refused_items
from badges.services.request_log import Origin, fingerprint, logged_request

RevocableT = TypeVar("RevocableT", EarnedBadge, Enrolment)

MAX_ENROLMENTS = 20
MAX_BADGES = 20_000

# The customer id of a refused item whose badge is unknown; real customer ids begin at 1.
NO_CUSTOMER = 0


@dataclass(frozen=True, slots=True)
class EnrolmentToRevoke:
    """One enrolment of a customer, or without an id all that are not revoked."""

    customer_id: int
    enrolment_id: str | None = None


def revoke_earned(
    *,
    origin: Origin,
    badge_id: str,
    customer_id: int,
    earned_badge_id: str,
    request_id: str | None = None,
    now: datetime | None = None,
) -> EarnedBadge:
    """Revoke one issued badge, which then counts against no limit (CONTRACT.md, 2.5).

    Raises BadgeError: 809, 403, 404, 814.
    """
    now = now or timezone.now()
    badge = definitions.cached_definition(badge_id)
    of_customer = EarnedBadge.objects.of_customers(badge_id, [customer_id])
    selected = of_customer.filter(pk=earned_badge_id)
    with logged_request(
        Operation.REVOKE_EARN,
        origin=origin,
        now=now,
        request_id=request_id,
        badge_id=badge.id if badge else None,
        customer_id=customer_id,
        fingerprint=fingerprint(customer=customer_id, badge=badge_id, earned=earned_badge_id),
        owners=_owners_of(selected),
    ) as request:
        known = rules.check_named(badge, by_id=True)
        current = definitions.lock_definition(known, [customer_id])
        fact = rules.check_revocation(selected.first())
        _revoke([fact], request, now)
        limits.add_to_tally(current, [(fact.event_at, fact.earned_at)], by=-1)
    return fact


def revoke_many(
    *,
    origin: Origin,
    request_id: str,
    earned_badge_ids: Sequence[str],
    now: datetime | None = None,
) -> BulkResult[EarnedBadge]:
    """Revoke issued badges of any badges and customers, in one transaction.

    There is an outcome for each id, in the order given. An unknown id and a revoked badge are
    refused (814) alone; the whole call is refused only if no badge is left to revoke. Raises
    BadgeError: 809, 403, 1051, 2003, 814.
    """
    earned_badge_ids = list(dict.fromkeys(earned_badge_ids))
    return _revoke_all(
        EarnedBadge.objects.filter(pk__in=earned_badge_ids),
        earned_badge_ids=earned_badge_ids,
        origin=origin,
        request_id=request_id,
        request_fingerprint=fingerprint(earned=sorted(earned_badge_ids)),
        now=now or timezone.now(),
    )


def revoke_request(
    *, origin: Origin, request_id: str, issued_by: int, now: datetime | None = None
) -> BulkResult[EarnedBadge]:
    """Revoke every badge that an earlier request issued and that is not revoked yet.

    `issued_by` is the primary key of its row in the request log. Raises BadgeError: 809, 403, 2003,
    814.
    """
    return _revoke_all(
        issued_badges(issued_by),
        earned_badge_ids=None,
        origin=origin,
        request_id=request_id,
        request_fingerprint=fingerprint(issued_by=issued_by),
        now=now or timezone.now(),
    )


def preview_revoke(earned_badge_ids: Sequence[str]) -> list[Outcome[EarnedBadge]]:
    """Preview `revoke_many` by the same rules, without writes or locks.

    The fact of an outcome is not revoked; a badge that is revoked already is in `existing`.
    """
    facts = EarnedBadge.objects.filter(pk__in=earned_badge_ids)
    return _outcomes(facts.select_related("badge", "revocation"), earned_badge_ids)


def issued_badges(issued_by: int) -> FactQuerySet[EarnedBadge]:
    """Return the badges that a request issued, also revoked ones; none for other operations."""
    return EarnedBadge.objects.filter(request=issued_by, request__operation__in=Operation.issuing())


def revoke_enrolments(
    *,
    origin: Origin,
    badge_id: str,
    enrolments: Sequence[EnrolmentToRevoke],
    request_id: str | None = None,
    now: datetime | None = None,
) -> BulkResult[Enrolment]:
    """Revoke enrolments; badges that were earned with them remain (CONTRACT.md, 2.4).

    There is an outcome for each revoked enrolment, and a 404 for each item that matches none.
    Raises BadgeError: 1051, 2003, 809, 403, and 404 for the badge.
    """
    now = now or timezone.now()
    badge = definitions.cached_definition(badge_id)
    customer_ids = list(dict.fromkeys(item.customer_id for item in enrolments))
    with logged_request(
        Operation.REVOKE_ENROLMENT,
        origin=origin,
        now=now,
        request_id=request_id,
        badge_id=badge.id if badge else None,
        customer_id=customer_ids[0] if len(customer_ids) == 1 else None,
        fingerprint=fingerprint(badge=badge_id, wanted=enrolments),
        owners=_owners_of_enrolments(badge, customer_ids, enrolments),
    ) as request:
        rules.check_item_count(len(enrolments), maximum=MAX_ENROLMENTS)
        known = rules.check_named(badge, by_id=True)
        badge = definitions.lock_definition(known, customer_ids)
        outcomes = _find_enrolments(badge.id, customer_ids, enrolments)
        _revoke([outcome.fact for outcome in outcomes if outcome.fact], request, now)
        record_refused_items(request, outcomes)
    return BulkResult(request, outcomes)


def _revoke_all(
    facts: FactQuerySet[EarnedBadge],
    *,
    earned_badge_ids: list[str] | None,
    origin: Origin,
    request_id: str,
    request_fingerprint: str,
    now: datetime,
) -> BulkResult[EarnedBadge]:
    """Revoke the named badges among `facts`, or without names all that are not revoked."""
    customers = _customers_by_badge(facts)
    badge_id, customer_id = _shared_columns(customers)
    with logged_request(
        Operation.REVOKE_EARN,
        origin=origin,
        now=now,
        request_id=request_id,
        fingerprint=request_fingerprint,
        owners=_owners_of(facts),
        badge_id=badge_id,
        customer_id=customer_id,
    ) as request:
        if earned_badge_ids is not None:
            rules.check_item_count(len(earned_badge_ids), maximum=MAX_BADGES)
        badges = _lock_badges(customers)
        outcomes = _outcomes(facts, earned_badge_ids)
        revoked = [outcome.fact for outcome in outcomes if outcome.fact]
        rules.check_revocable(len(revoked), maximum=MAX_BADGES)
        _revoke(revoked, request, now)
        _subtract_from_tally(badges, revoked)
        record_refused_items(request, outcomes)
    return BulkResult(request, outcomes)


def _owners_of(facts: FactQuerySet[EarnedBadge]) -> QuerySet[EarnedBadge, str]:
    """Return the owner types for which the badges were given; they never change."""
    return facts.order_by().values_list("owner_type", flat=True).distinct()


def _owners_of_enrolments(
    badge: Definition | None, customer_ids: list[int], enrolments: Sequence[EnrolmentToRevoke]
) -> Iterator[str]:
    """Yield the owner types of the enrolments; lock the badge, so that none is added."""
    if badge is not None:
        badge = definitions.lock_definition(badge, customer_ids)
        outcomes = _find_enrolments(badge.id, customer_ids, enrolments)
        yield from {outcome.fact.owner_type for outcome in outcomes if outcome.fact}


def _customers_by_badge(facts: FactQuerySet[EarnedBadge]) -> dict[str, set[int]]:
    """Return the customer of each badge, or two customers if there are several."""
    by_badge = facts.order_by("badge_id").values_list("badge_id")
    customer_ranges = by_badge.annotate(Min("customer_id"), Max("customer_id"))
    return {badge_id: {first, last} for badge_id, first, last in customer_ranges}


def _shared_columns(customers: Mapping[str, set[int]]) -> tuple[str | None, int | None]:
    """Return the badge and the customer of the log row, each None unless it is the only one."""
    all_customers = set().union(*customers.values())
    badge_id = next(iter(customers)) if len(customers) == 1 else None
    return badge_id, all_customers.pop() if len(all_customers) == 1 else None


def _lock_badges(customers: Mapping[str, set[int]]) -> dict[str, Definition]:
    """Lock every badge, ordered by id to prevent deadlocks."""
    return {
        badge_id: definitions.lock_definition(
            rules.check_named(definitions.cached_definition(badge_id), by_id=True),
            sorted(customer_ids),
        )
        for badge_id, customer_ids in sorted(customers.items())
    }


def _outcomes(
    facts: FactQuerySet[EarnedBadge], earned_badge_ids: Sequence[str] | None
) -> list[Outcome[EarnedBadge]]:
    if earned_badge_ids is None:
        not_revoked = facts.not_revoked().order_by("customer_id", "pk")
        return [Outcome(fact.customer_id, fact) for fact in not_revoked]
    by_id = {fact.pk: fact for fact in facts}
    return [
        _outcome(earned_badge_id, by_id.get(earned_badge_id))
        for earned_badge_id in earned_badge_ids
    ]


def _outcome(earned_badge_id: str, fact: EarnedBadge | None) -> Outcome[EarnedBadge]:
    try:
        earned = rules.check_revocation(fact)
    except BadgeError as refusal:
        unknown, revoked = _("There is no issued badge %(id)s."), _("%(id)s is revoked already.")
        message, values = unknown if fact is None else revoked, {"id": earned_badge_id}
        detailed = BadgeError(refusal.code, refusal.field, message, values)
        return Outcome(fact.customer_id if fact else NO_CUSTOMER, refusal=detailed, existing=fact)
    return Outcome(earned.customer_id, earned)


def _subtract_from_tally(badges: Mapping[str, Definition], revoked: list[EarnedBadge]) -> None:
    by_badge = defaultdict(list)
    for fact in revoked:
        by_badge[fact.badge_id].append((fact.event_at, fact.earned_at))
    for badge_id, times in sorted(by_badge.items()):
        limits.add_to_tally(badges[badge_id], times, by=-1)


def _find_enrolments(
    badge_id: str, customer_ids: list[int], enrolments: Sequence[EnrolmentToRevoke]
) -> list[Outcome[Enrolment]]:
    remaining = {
        enrolment.pk: enrolment
        for enrolment in Enrolment.objects.not_revoked()
        .of_customers(badge_id, customer_ids)
        .order_by("event_at")
    }
    outcomes = []
    for item in dict.fromkeys(enrolments):
        matching = [
            enrolment
            for enrolment in remaining.values()
            if enrolment.customer_id == item.customer_id
            and item.enrolment_id in (None, enrolment.pk)
        ]
        outcomes += [Outcome(item.customer_id, fact) for fact in matching]
        for fact in matching:
            del remaining[fact.pk]
        if not matching:
            refusal = BadgeError(
                ErrorCode.NOT_FOUND, "enrolment_id", _("The customer has no such enrolment.")
            )
            outcomes.append(Outcome(item.customer_id, refusal=refusal))
    return outcomes


def _revoke(facts: Sequence[RevocableT], request: RequestLog, now: datetime) -> None:
    """Write the revocation columns; the lock of the caller excludes concurrent revocations."""
    if not facts:
        return
    rows = type(facts[0]).objects.filter(pk__in=[fact.pk for fact in facts])
    rows.update(revoked_at=now, revocation=request)
    for fact in facts:
        fact.revoked_at = now
        fact.revocation = request
