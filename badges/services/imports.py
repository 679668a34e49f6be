"""Bring in badges that customers earned before: history, taken as it is (contract, 2.16)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from badges.errors import BadgeError, ErrorCode
from badges.models import Definition, EarnedBadge, Operation, OwnerType, RequestLog, new_id
from badges.services import definitions, limits
from badges.services.outcomes import BulkResult, Outcome, record_refused
from badges.services.requests import Origin, attempt, fingerprint


@dataclass(frozen=True, slots=True)
class EarnedBefore:
    """One badge that a customer holds from an earlier system."""

    badge_id: str
    customer_id: int
    event_at: datetime
    expires_at: datetime


def import_earned(
    *,
    origin: Origin,
    request_id: str,
    items: Sequence[EarnedBefore],
    now: datetime | None = None,
) -> BulkResult[EarnedBadge]:
    """Write earned badges of the past; rules of today do not judge them, but they count for limits.

    There is an outcome for each item, in the order given; 1054 refuses its item alone.
    Raises BadgeError: 809.
    """
    now = now or timezone.now()
    with attempt(
        Operation.IMPORT_EARNED,
        origin=origin,
        now=now,
        request_id=request_id,
        fingerprint=fingerprint(items=items),
    ) as request:
        badges = _held(items)
        outcomes = [_outcome(item, badges, request, now) for item in items]
        _write(badges, outcomes)
        record_refused(request, outcomes)
    return BulkResult(request, outcomes)


def _held(items: Sequence[EarnedBefore]) -> dict[str, Definition]:
    """Hold every badge of the list alone, in one order for all, so that imports cannot deadlock."""
    found = {}
    for badge_id in sorted({item.badge_id for item in items}):
        badge = definitions.definition_of(badge_id)
        if badge is not None:
            found[badge_id] = definitions.held(badge, [])
    return found


def _outcome(
    item: EarnedBefore, badges: dict[str, Definition], request: RequestLog, now: datetime
) -> Outcome[EarnedBadge]:
    if item.badge_id not in badges:
        refusal = BadgeError(ErrorCode.BADGE_NOT_IN_ORGANISATION, "badge_id")
        return Outcome(item.customer_id, refusal=refusal)
    fact = EarnedBadge(
        pk=new_id(now),
        badge_id=item.badge_id,
        customer_id=item.customer_id,
        event_at=item.event_at,
        earned_at=now,
        expires_at=item.expires_at,
        owner_type=OwnerType.HISTORICAL_IMPORT,
        reference_id=request.request_id,
        request=request,
    )
    return Outcome(item.customer_id, fact)


def _write(badges: dict[str, Definition], outcomes: list[Outcome[EarnedBadge]]) -> None:
    by_badge = defaultdict(list)
    for outcome in outcomes:
        if outcome.fact:
            by_badge[outcome.fact.badge_id].append(outcome.fact)
    for badge_id, facts in by_badge.items():
        EarnedBadge.objects.bulk_create(facts)
        moments = [(fact.event_at, fact.earned_at) for fact in facts]
        limits.add_to_tally(badges[badge_id], moments)
