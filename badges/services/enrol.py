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
from badges.services import definitions
from badges.services.outcomes import BulkResult, Outcome, record_refused
from badges.services.requests import Origin, attempt, fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentPreview:
    """What an enrolment would do, and the badge this was decided on."""

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


def preview_enrolment(
    *,
    origin: Origin,
    customer_id: int,
    badge_id: str,
    event_at: datetime | None = None,
    now: datetime | None = None,
) -> EnrolmentPreview:
    """Say what `enrol_customers` would do now for one customer; writes and holds nothing.

    The fact of the outcome is not saved. It is a hint: only `enrol_customers` decides for good.
    """
    badge = definitions.reload(badge_id)
    try:
        rules.check_named(badge, by_id=True)
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
    """Say by badge what `enrol_customers` would do now for one customer, in one query."""
    now = now or timezone.now()
    since = event_at or now
    theirs = Enrolment.objects.standing().of_customer(customer_id).filter(expires_at__gt=since)
    in_these = theirs.filter(badge_id__in=[badge.id for badge in badges]).order_by("event_at")
    standing = defaultdict(list)
    for enrolment in in_these:
        standing[enrolment.badge_id].append(enrolment)
    request = RequestLog(channel=origin.channel, user=origin.user, integrator=origin.integrator)
    return {
        badge.id: EnrolmentPreview(
            outcome=_previewed(badge, customer_id, standing[badge.id], since, now, request),
            badge=badge,
        )
        for badge in badges
    }


def _previewed(
    badge: Definition,
    customer_id: int,
    standing: Sequence[Enrolment],
    since: datetime,
    now: datetime,
    request: RequestLog,
) -> Outcome[Enrolment]:
    """Decide on enrolments that were read before: those that end after `since`, in their order."""
    try:
        rules.check_enrolment(badge, now=now, event_at=since)
    except BadgeError as refusal:
        return Outcome(customer_id, refusal=refusal)
    until = badge.enrolment_ends(since)
    stands = next((fact for fact in standing if fact.event_at < until), None)
    return _outcome(badge, customer_id, stands, (since, until), now, None, request)


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
    return [
        _outcome(badge, customer_id, taken.get(customer_id), (since, until), now, owner, request)
        for customer_id in customer_ids
    ]


def _outcome(
    badge: Definition,
    customer_id: int,
    stands: Enrolment | None,
    period: tuple[datetime, datetime],
    now: datetime,
    owner: Owner | None,
    request: RequestLog,
) -> Outcome[Enrolment]:
    """Refuse a customer with an enrolment that `stands` in the way, else make the new one."""
    try:
        rules.check_no_overlap(stands is not None)
    except BadgeError as refusal:
        return Outcome(customer_id, refusal=refusal, stands=stands)
    owner = owner or _nobody_named(request)
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


def _nobody_named(request: RequestLog) -> Owner:
    """Return what is recorded without a trigger: at the desk the member of staff, else nothing."""
    if request.channel == Channel.MEMBERCARE:
        return Owner(OwnerType.MEMBERCARE, request.actor)
    return Owner("", "")
