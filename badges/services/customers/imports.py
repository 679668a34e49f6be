"""Import badges that customers earned in another system (CONTRACT.md, 2.16)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import Definition, Operation, OwnerType, RequestLog, new_ids
from badges.models.values import required
from badges.services.catalogue import definitions
from badges.services.customers import limits
from badges.services.customers.outcomes import BulkResult, Outcome, record_refused_items
from badges.services.earning.bulk_insert import insert_earned
from badges.services.earning.command import Earned
from badges.services.request_log import Origin, fingerprint, logged_request


@dataclass(frozen=True, slots=True)
class ImportedBadge:
    """One badge that a customer has from an earlier system."""

    badge_id: str
    customer_id: int
    event_at: datetime
    expires_at: datetime


def import_earned(
    *,
    origin: Origin,
    request_id: str,
    items: Sequence[ImportedBadge],
    now: datetime | None = None,
) -> BulkResult[Earned]:
    """Write earned badges of the past: current rules do not apply, but limits count the badges.

    There is an outcome for each item, in the order given: 1054, 750 and 400 refuse only their item.
    Any module may have given the badges, so an integrator that is limited to owner types may not
    import. Raises BadgeError: 809, 403.
    """
    now = now or timezone.now()
    with logged_request(
        Operation.IMPORT_EARNED,
        origin=origin,
        now=now,
        request_id=request_id,
        fingerprint=fingerprint(items=items),
    ) as request:
        badges = _lock_badges(items)
        ids = new_ids(len(items), now)
        outcomes = [
            _outcome(item, pk, badges, request, now) for item, pk in zip(items, ids, strict=True)
        ]
        _write(badges, outcomes)
        record_refused_items(request, outcomes)
    return BulkResult(request, outcomes)


def _lock_badges(items: Sequence[ImportedBadge]) -> dict[str, Definition]:
    """Lock every badge of the list exclusively, ordered by id to prevent deadlocks."""
    locked = {}
    for badge_id in sorted({item.badge_id for item in items}):
        badge = definitions.cached_definition(badge_id)
        if badge is not None:
            locked[badge_id] = definitions.lock_definition(badge, [])
    return locked


def _outcome(
    item: ImportedBadge,
    pk: str,
    badges: dict[str, Definition],
    request: RequestLog,
    now: datetime,
) -> Outcome[Earned]:
    try:
        if item.badge_id not in badges:
            raise BadgeError(ErrorCode.BADGE_NOT_IN_ORGANISATION, "badge_id")
        rules.check_import(event_at=item.event_at, expires_at=item.expires_at, now=now)
    except BadgeError as refusal:
        return Outcome(item.customer_id, refusal=refusal)
    row = Earned(
        id=pk,
        badge_id=item.badge_id,
        customer_id=item.customer_id,
        event_at=item.event_at,
        expires_at=item.expires_at,
        owner_type=OwnerType.HISTORICAL_IMPORT,
        reference_id=required(request.request_id),
        request_id=request.pk,
        earned_at=now,
    )
    return Outcome(item.customer_id, row)


def _write(badges: dict[str, Definition], outcomes: list[Outcome[Earned]]) -> None:
    rows = [outcome.fact for outcome in outcomes if outcome.fact]
    insert_earned(rows)
    by_badge = defaultdict(list)
    for row in rows:
        by_badge[row.badge_id].append((row.event_at, row.earned_at))
    for badge_id, times in by_badge.items():
        limits.add_to_tally(badges[badge_id], times)
