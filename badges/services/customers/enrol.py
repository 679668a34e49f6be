"""Enrol customers: the only writer of enrolments."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from badges import rules
from badges.errors import BadgeError
from badges.models import (
    Channel,
    Definition,
    Enrolment,
    Operation,
    Owner,
    OwnerType,
    RequestLog,
    new_id,
)
from badges.services.catalogue import definitions
from badges.services.customers import confirmations
from badges.services.customers.confirmations import Confirmation
from badges.services.customers.outcomes import BulkResult, Outcome, record_refused_items
from badges.services.request_log import Origin, fingerprint, logged_request


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentPreview:
    """The outcome of an enrolment that is only previewed, and the badge used for the decision."""

    outcome: Outcome[Enrolment]
    badge: Definition | None


def enrol_customers(
    *,
    origin: Origin,
    request_id: str,
    badge_id: str,
    customer_ids: Sequence[int],
    owner: Owner | None = None,
    event_at: datetime | None = None,
    confirmation: Confirmation | None = None,
    now: datetime | None = None,
) -> BulkResult[Enrolment]:
    """Let customers earn an ISSUE_EARN badge from `event_at` on (CONTRACT.md, 2.3 and 4.2).

    A customer named twice counts once; 1040 refuses only its customer. Raises BadgeError: 809, 403,
    404, 400, 815, 750, 816. With a `confirmation`, raises ConfirmationNeeded, and writes nothing,
    if it does not answer every question (CONTRACT.md, 6.2).
    """
    now = now or timezone.now()
    customer_ids = list(dict.fromkeys(customer_ids))
    badge = definitions.cached_definition(badge_id)
    with logged_request(
        Operation.ENROL_BULK,
        origin=origin,
        now=now,
        request_id=request_id,
        fingerprint=fingerprint(
            customers=customer_ids, badge=badge_id, owner=owner, event_at=event_at
        ),
        owners=definitions.owners_of_fact(badge, owner, customer_ids),
        badge_id=badge.id if badge else None,
        customer_id=customer_ids[0] if len(customer_ids) == 1 else None,
    ) as request:
        known = rules.check_named(badge, by_id=True)
        badge = definitions.lock_definition(known, customer_ids)
        since = event_at or now
        rules.check_enrolment(badge, now=now, event_at=since)
        outcomes = _decide(badge, customer_ids, since, now, owner, request)
        enrolments = [outcome.fact for outcome in outcomes if outcome.fact]
        confirmations.check_enrolment(confirmation, [fact.customer_id for fact in enrolments])
        Enrolment.objects.bulk_create(enrolments)
        record_refused_items(request, outcomes)
    return BulkResult(request, outcomes, expires_at=badge.enrolment_ends(since))


def preview_enrolment(
    *,
    origin: Origin,
    customer_id: int,
    badge_id: str,
    event_at: datetime | None = None,
    now: datetime | None = None,
) -> EnrolmentPreview:
    """Preview `enrol_customers` for one customer, without writes or locks.

    The fact of the outcome is not saved. The result is a hint: only `enrol_customers` decides under
    the lock.
    """
    try:
        badge = rules.check_named(definitions.reload(badge_id), by_id=True)
    except BadgeError as refusal:
        return EnrolmentPreview(outcome=Outcome(customer_id, refusal=refusal), badge=None)
    return preview_enrolments(
        origin=origin, customer_id=customer_id, badges=[badge], event_at=event_at, now=now
    )[badge.id]


def preview_enrolments(
    *,
    origin: Origin,
    customer_id: int,
    badges: Sequence[Definition],
    event_at: datetime | None = None,
    now: datetime | None = None,
) -> dict[str, EnrolmentPreview]:
    """Preview `enrol_customers` for one customer and several badges, in one query."""
    now = now or timezone.now()
    since = event_at or now
    of_customer = (
        Enrolment.objects.not_revoked().of_customer(customer_id).filter(expires_at__gt=since)
    )
    of_badges = of_customer.filter(badge_id__in=[badge.id for badge in badges]).order_by("event_at")
    by_badge = defaultdict(list)
    for enrolment in of_badges:
        by_badge[enrolment.badge_id].append(enrolment)
    request = RequestLog(channel=origin.channel, user=origin.user, integrator=origin.integrator)
    return {
        badge.id: EnrolmentPreview(
            outcome=_preview(badge, customer_id, by_badge[badge.id], since, now, request),
            badge=badge,
        )
        for badge in badges
    }


def _preview(
    badge: Definition,
    customer_id: int,
    enrolments: Sequence[Enrolment],
    since: datetime,
    now: datetime,
    request: RequestLog,
) -> Outcome[Enrolment]:
    """Decide with enrolments that the caller has read.

    `enrolments` are those that end after `since`, ordered by event date.
    """
    try:
        rules.check_enrolment(badge, now=now, event_at=since)
    except BadgeError as refusal:
        return Outcome(customer_id, refusal=refusal)
    until = badge.enrolment_ends(since)
    existing = next((fact for fact in enrolments if fact.event_at < until), None)
    return _outcome(badge, customer_id, existing, (since, until), now, None, request)


def _decide(
    badge: Definition,
    customer_ids: Sequence[int],
    since: datetime,
    now: datetime,
    owner: Owner | None,
    request: RequestLog,
) -> list[Outcome[Enrolment]]:
    until = badge.enrolment_ends(since)
    of_customers = Enrolment.objects.of_customers(badge.id, customer_ids)
    overlapping = {fact.customer_id: fact for fact in of_customers.overlapping(since, until)}
    return [
        _outcome(
            badge, customer_id, overlapping.get(customer_id), (since, until), now, owner, request
        )
        for customer_id in customer_ids
    ]


def _outcome(
    badge: Definition,
    customer_id: int,
    existing: Enrolment | None,
    period: tuple[datetime, datetime],
    now: datetime,
    owner: Owner | None,
    request: RequestLog,
) -> Outcome[Enrolment]:
    """Refuse a customer whose enrolment `existing` overlaps the period, else create the new one."""
    try:
        rules.check_no_overlap(existing is not None)
    except BadgeError as refusal:
        return Outcome(customer_id, refusal=refusal, existing=existing)
    owner = owner or _default_owner(request)
    since, until = period
    fact = Enrolment(
        pk=new_id(now),
        badge_id=badge.id,
        customer_id=customer_id,
        event_at=since,
        enrolled_at=now,
        expires_at=until,
        owner_type=owner.owner_type,
        reference_id=owner.reference_id,
        request=request,
    )
    return Outcome(customer_id, fact)


def _default_owner(request: RequestLog) -> Owner:
    """Return the owner to record without a trigger: at the desk the user, else an empty one."""
    if request.channel == Channel.MEMBERCARE:
        return Owner(OwnerType.MEMBERCARE, request.actor)
    return Owner("", "")
