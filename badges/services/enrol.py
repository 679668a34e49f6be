"""Enrol customers: the only writer of enrolments."""

from collections.abc import Sequence
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
from badges.services import definitions
from badges.services.outcomes import BulkResult, Outcome, record_refused
from badges.services.requests import Origin, attempt, fingerprint


def enrol_customers(
    *,
    origin: Origin,
    request_id: str,
    badge_id: str,
    customer_ids: Sequence[int],
    owner: Owner | None = None,
    event_at: datetime | None = None,
    now: datetime | None = None,
) -> BulkResult[Enrolment]:
    """Let customers earn an ISSUE_EARN badge from `event_at` on (contract, 2.3 and 4.2).

    A customer named twice counts once; 1040 refuses its customer alone.
    Raises BadgeError: 809, 403, 404, 400, 815, 750, 816.
    """
    now = now or timezone.now()
    customer_ids = list(dict.fromkeys(customer_ids))
    badge = definitions.definition_of(badge_id)
    with attempt(
        Operation.ENROL_BULK,
        origin=origin,
        now=now,
        request_id=request_id,
        fingerprint=fingerprint(
            customers=customer_ids, badge=badge_id, owner=owner, event_at=event_at
        ),
        badge_id=badge and badge.id,
        customer_id=customer_ids[0] if len(customer_ids) == 1 else None,
    ) as request:
        rules.check_may_act_for(origin.integrator, owner)
        rules.check_named(badge, by_id=True)
        badge = definitions.held(badge, customer_ids)
        since = event_at or now
        rules.check_enrolment(badge, now=now, event_at=since)
        outcomes = _decide(badge, customer_ids, since, now, owner, request)
        Enrolment.objects.bulk_create(outcome.fact for outcome in outcomes if outcome.fact)
        record_refused(request, outcomes)
    return BulkResult(request, outcomes, expires_at=badge.enrolment_ends(since))


def _decide(
    badge: Definition,
    customer_ids: Sequence[int],
    since: datetime,
    now: datetime,
    owner: Owner | None,
    request: RequestLog,
) -> list[Outcome[Enrolment]]:
    until = badge.enrolment_ends(since)
    of_these = Enrolment.objects.of_customers(badge.id, customer_ids)
    taken = {fact.customer_id: fact for fact in of_these.overlapping(since, until)}
    owner = owner or _nobody_named(request)
    outcomes = []
    for customer_id in customer_ids:
        try:
            rules.check_no_overlap(customer_id in taken)
        except BadgeError as refusal:
            outcomes.append(Outcome(customer_id, refusal=refusal, stands=taken[customer_id]))
            continue
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
        outcomes.append(Outcome(customer_id, fact))
    return outcomes


def _nobody_named(request: RequestLog) -> Owner:
    """Return what is recorded without a trigger: at the desk the member of staff, else nothing."""
    if request.channel == Channel.MEMBERCARE:
        return Owner(OwnerType.MEMBERCARE, request.actor)
    return Owner("", "")
