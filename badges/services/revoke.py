"""Take badges and enrolments back: the revocation fields are written once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import EarnedBadge, Enrolment, Operation, RequestLog
from badges.services import definitions, limits
from badges.services.outcomes import BulkResult, Outcome, record_refused
from badges.services.requests import Origin, attempt, fingerprint

MOST_IN_ONE_CALL = 20


@dataclass(frozen=True, slots=True)
class EnrolmentToRevoke:
    """One enrolment of a customer, or with no id all that stand."""

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
    """Revoke one issued badge; it counts against no limit any more (contract, 2.5).

    Raises BadgeError: 809, 404, 814.
    """
    now = now or timezone.now()
    badge = definitions.definition_of(badge_id)
    with attempt(
        Operation.REVOKE_EARN,
        origin=origin,
        now=now,
        request_id=request_id,
        badge_id=badge and badge.id,
        customer_id=customer_id,
        fingerprint=fingerprint(customer=customer_id, badge=badge_id, earned=earned_badge_id),
    ) as request:
        rules.check_named(badge, by_id=True)
        badge = definitions.held(badge, [customer_id])
        theirs = EarnedBadge.objects.of_customers(badge.id, [customer_id])
        fact = theirs.filter(pk=earned_badge_id).first()
        rules.check_revocation(fact)
        _revoke([fact], request, now)
        limits.add_to_tally(badge, [(fact.event_at, fact.earned_at)], by=-1)
    return fact


def revoke_enrolments(
    *,
    origin: Origin,
    badge_id: str,
    wanted: Sequence[EnrolmentToRevoke],
    request_id: str | None = None,
    now: datetime | None = None,
) -> BulkResult[Enrolment]:
    """Revoke enrolments; what was earned in them stays (contract, 2.4).

    There is an outcome for each revoked enrolment, and a 404 for each wish that found none.
    Raises BadgeError: 1051, 2003, 809, and 404 for the badge.
    """
    now = now or timezone.now()
    badge = definitions.definition_of(badge_id)
    customer_ids = list(dict.fromkeys(wish.customer_id for wish in wanted))
    with attempt(
        Operation.REVOKE_ENROLMENT,
        origin=origin,
        now=now,
        request_id=request_id,
        badge_id=badge and badge.id,
        customer_id=customer_ids[0] if len(customer_ids) == 1 else None,
        fingerprint=fingerprint(badge=badge_id, wanted=wanted),
    ) as request:
        rules.check_named_enough(len(wanted), most=MOST_IN_ONE_CALL)
        rules.check_named(badge, by_id=True)
        badge = definitions.held(badge, customer_ids)
        outcomes = _found(badge.id, customer_ids, wanted)
        _revoke([outcome.fact for outcome in outcomes if outcome.fact], request, now)
        record_refused(request, outcomes)
    return BulkResult(request, outcomes)


def _found(
    badge_id: str, customer_ids: list[int], wanted: Sequence[EnrolmentToRevoke]
) -> list[Outcome[Enrolment]]:
    standing = {
        enrolment.pk: enrolment
        for enrolment in Enrolment.objects.standing()
        .of_customers(badge_id, customer_ids)
        .order_by("event_at")
    }
    outcomes = []
    for wish in dict.fromkeys(wanted):
        theirs = [
            enrolment
            for enrolment in standing.values()
            if enrolment.customer_id == wish.customer_id
            and wish.enrolment_id in (None, enrolment.pk)
        ]
        outcomes += [Outcome(wish.customer_id, fact) for fact in theirs]
        for fact in theirs:
            del standing[fact.pk]
        if not theirs:
            refusal = BadgeError(
                ErrorCode.NOT_FOUND, "enrolment_id", _("The customer has no such enrolment.")
            )
            outcomes.append(Outcome(wish.customer_id, refusal=refusal))
    return outcomes


def _revoke(facts: list, request: RequestLog, now: datetime) -> None:
    """Write the revocation fields; the caller holds the badge, so nobody revokes them beside it."""
    for fact in facts:
        fact.revoked_at = now
        fact.revocation = request
    if facts:
        type(facts[0]).objects.bulk_update(facts, ["revoked_at", "revocation"])
