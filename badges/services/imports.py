"""Bring in badges that customers earned before: history, taken as it is (contract, 2.16)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from badges.errors import BadgeError, ErrorCode
from badges.models import Definition, Operation, Owner, OwnerType, RequestLog, new_ids
from badges.services import definitions, limits
from badges.services.listed import write_earned
from badges.services.outcomes import BulkResult, Outcome, record_refused
from badges.services.requests import Origin, attempt, fingerprint
from badges.services.wishes import Earned


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
) -> BulkResult[Earned]:
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
        ids = new_ids(len(items), now)
        outcomes = [
            _outcome(item, pk, badges, request, now) for item, pk in zip(items, ids, strict=True)
        ]
        _write(badges, outcomes, request)
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
    item: EarnedBefore,
    pk: str,
    badges: dict[str, Definition],
    request: RequestLog,
    now: datetime,
) -> Outcome[Earned]:
    if item.badge_id not in badges:
        refusal = BadgeError(ErrorCode.BADGE_NOT_IN_ORGANISATION, "badge_id")
        return Outcome(item.customer_id, refusal=refusal)
    fact = Earned(
        pk=pk,
        badge_id=item.badge_id,
        customer_id=item.customer_id,
        event_at=item.event_at,
        earned_at=now,
        expires_at=item.expires_at,
        enrolment_id=None,
        request_id=request.pk,
    )
    return Outcome(item.customer_id, fact)


def _write(
    badges: dict[str, Definition], outcomes: list[Outcome[Earned]], request: RequestLog
) -> None:
    facts = [outcome.fact for outcome in outcomes if outcome.fact]
    write_earned(facts, Owner(OwnerType.HISTORICAL_IMPORT, request.request_id))
    by_badge = defaultdict(list)
    for fact in facts:
        by_badge[fact.badge_id].append((fact.event_at, fact.earned_at))
    for badge_id, moments in by_badge.items():
        limits.add_to_tally(badges[badge_id], moments)
