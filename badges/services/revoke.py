"""Take badges and enrolments back: the revocation fields are written once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import Definition, EarnedBadge, Enrolment, Operation, RequestLog
from badges.services import definitions, limits
from badges.services.outcomes import BulkResult, Outcome, record_refused
from badges.services.requests import Origin, attempt, fingerprint

MOST_IN_ONE_CALL = 20
MOST_AT_ONCE = 20_000

# The operations whose issued badges can be revoked together.
ISSUING = (Operation.EARN, Operation.EARN_BULK, Operation.IMPORT_EARNED)

# A refused item that names no issued badge concerns no customer; theirs begin at 1.
NOBODY = 0


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


def revoke_many(
    *,
    origin: Origin,
    request_id: str,
    earned_badge_ids: Sequence[str],
    now: datetime | None = None,
) -> BulkResult[EarnedBadge]:
    """Revoke issued badges of whatever badges and customers, in one transaction.

    There is an outcome for each id, in the order given; an unknown id and what is revoked already
    are refused (814) alone, and the whole call only when nothing is left to revoke.
    Raises BadgeError: 809, 1051, 2003, 814.
    """
    named = list(dict.fromkeys(earned_badge_ids))
    return _revoke_all(
        EarnedBadge.objects.filter(pk__in=named),
        named=named,
        origin=origin,
        request_id=request_id,
        meant=fingerprint(earned=sorted(named)),
        now=now or timezone.now(),
    )


def revoke_request(
    *, origin: Origin, request_id: str, issued_by: int, now: datetime | None = None
) -> BulkResult[EarnedBadge]:
    """Revoke everything that an earlier request issued and that still stands.

    `issued_by` is the key of its row in the request log. Raises BadgeError: 809, 2003, 814.
    """
    return _revoke_all(
        issued_badges(issued_by),
        named=None,
        origin=origin,
        request_id=request_id,
        meant=fingerprint(issued_by=issued_by),
        now=now or timezone.now(),
    )


def preview_revoke(earned_badge_ids: Sequence[str]) -> list[Outcome[EarnedBadge]]:
    """Say what `revoke_many` would do now, by the same rule; writes and holds nothing.

    The fact of an outcome still stands; the one that is revoked already is what `stands` there.
    """
    facts = EarnedBadge.objects.filter(pk__in=earned_badge_ids)
    return _outcomes(facts.select_related("badge", "revocation"), earned_badge_ids)


def issued_badges(issued_by: int) -> QuerySet[EarnedBadge]:
    """Return what a request issued, revoked ones too; nothing for requests of other kinds."""
    return EarnedBadge.objects.filter(request=issued_by, request__operation__in=ISSUING)


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


def _revoke_all(
    facts: QuerySet[EarnedBadge],
    *,
    named: list[str] | None,
    origin: Origin,
    request_id: str,
    meant: str,
    now: datetime,
) -> BulkResult[EarnedBadge]:
    """Revoke the named ones of the facts, or without names all that stand."""
    customers = _customers_by_badge(facts)
    with attempt(
        Operation.REVOKE_EARN,
        origin=origin,
        now=now,
        request_id=request_id,
        fingerprint=meant,
        **_in_common(customers),
    ) as request:
        if named is not None:
            rules.check_named_enough(len(named), most=MOST_AT_ONCE)
        badges = _held(customers)
        outcomes = _outcomes(facts, named)
        revoked = [outcome.fact for outcome in outcomes if outcome.fact]
        rules.check_revocable(len(revoked), most=MOST_AT_ONCE)
        _revoke(revoked, request, now)
        _uncount(badges, revoked)
        record_refused(request, outcomes)
    return BulkResult(request, outcomes)


def _customers_by_badge(facts: QuerySet[EarnedBadge]) -> dict[str, set[int]]:
    """Return by badge its customer, or two of them to say that there are several."""
    by_badge = facts.order_by("badge_id").values_list("badge_id")
    ends = by_badge.annotate(Min("customer_id"), Max("customer_id"))
    return {badge_id: {first, last} for badge_id, first, last in ends}


def _in_common(customers: Mapping[str, set[int]]) -> dict[str, str | int | None]:
    """Return the badge and the customer of the request's row, when there is but one."""
    of_all = set().union(*customers.values())
    return {
        "badge_id": next(iter(customers)) if len(customers) == 1 else None,
        "customer_id": of_all.pop() if len(of_all) == 1 else None,
    }


def _held(customers: Mapping[str, set[int]]) -> dict[str, Definition]:
    """Hold every badge, in one order for all, so that nobody waits in a circle."""
    return {
        badge_id: definitions.held(definitions.definition_of(badge_id), sorted(theirs))
        for badge_id, theirs in sorted(customers.items())
    }


def _outcomes(
    facts: QuerySet[EarnedBadge], named: Sequence[str] | None
) -> list[Outcome[EarnedBadge]]:
    if named is None:
        standing = facts.standing().order_by("customer_id", "pk")
        return [Outcome(fact.customer_id, fact) for fact in standing]
    found = {fact.pk: fact for fact in facts}
    return [_outcome(earned_badge_id, found.get(earned_badge_id)) for earned_badge_id in named]


def _outcome(earned_badge_id: str, fact: EarnedBadge | None) -> Outcome[EarnedBadge]:
    try:
        rules.check_revocation(fact)
    except BadgeError as refusal:
        unknown, revoked = _("There is no issued badge %(id)s."), _("%(id)s is revoked already.")
        message, values = unknown if fact is None else revoked, {"id": earned_badge_id}
        named = BadgeError(refusal.code, refusal.field, message, values)
        return Outcome(fact.customer_id if fact else NOBODY, refusal=named, stands=fact)
    return Outcome(fact.customer_id, fact)


def _uncount(badges: Mapping[str, Definition], revoked: list[EarnedBadge]) -> None:
    by_badge = defaultdict(list)
    for fact in revoked:
        by_badge[fact.badge_id].append((fact.event_at, fact.earned_at))
    for badge_id, moments in sorted(by_badge.items()):
        limits.add_to_tally(badges[badge_id], moments, by=-1)


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
    if not facts:
        return
    rows = type(facts[0]).objects.filter(pk__in=[fact.pk for fact in facts])
    rows.update(revoked_at=now, revocation=request)
    for fact in facts:
        fact.revoked_at = now
        fact.revocation = request
