"""Give badges to customers: the only writer of earned badges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from badges import rules
from badges.errors import BadgeError
from badges.models import (
    Definition,
    EarnedBadge,
    Enrolment,
    Limit,
    LimitLevel,
    Operation,
    Owner,
    new_id,
    new_ids,
)
from badges.services import definitions, limits
from badges.services.at_once import earn_at_once
from badges.services.listed import write_earned
from badges.services.outcomes import BulkResult, Outcome, record_refused
from badges.services.requests import Origin, attempt, fingerprint
from badges.services.wishes import Earned, Wish, wish_for_one


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an earn would do to each customer, and the badge this was decided on.

    `used` holds what counts against each limit for one customer, or nothing when there are several
    or the decision fell before the limits.
    """

    outcomes: Sequence[Outcome[Earned]]
    badge: Definition | None
    used: Mapping[Limit, int]

    @property
    def outcome(self) -> Outcome[Earned]:
        """What would become of the one customer."""
        (outcome,) = self.outcomes
        return outcome


def earn_badge(**call) -> Earned:
    """Give a badge to one customer, once for each request id (contract, 2.1; design, 3 and 7).

    Takes the arguments of `wish_for_one`. Without `badge_id` it is the badge whose one active claim
    equals `owner`. `event_at` is when the customer did it, by default the processing time `now`
    (both aware). Only MemberCare may leave `owner` out. `reissue_of` names the revoked one that
    this one stands for. Raises BadgeError: 809, 403, 404, 715, 716, 815, 750, 810, 816, 2005, 811,
    2001, 2002; a refusal writes nothing but its row in the request log.
    """
    wish = wish_for_one(**call)
    earned = earn_at_once(wish)
    if earned is None:
        (earned,) = _ask(Operation.EARN, wish).facts
    return earned


def preview_earn(*, customer_id: int, **call) -> Preview:
    """Say what `earn_badge` would do now; takes the rest of a call as `preview_earn_many` does."""
    return preview_earn_many(customer_ids=[customer_id], **call)


def preview_earn_many(
    *,
    origin: Origin,
    customer_ids: Sequence[int],
    badge_id: str | None = None,
    owner: Owner | None = None,
    event_at: datetime | None = None,
    reissue_of: str | None = None,
    now: datetime | None = None,
) -> Preview:
    """Say what an earn would do now, from the same rules and facts; writes and holds nothing.

    A refusal of the whole call is one of every customer. The facts of the outcomes are not saved.
    It is a hint: only `earn_badge` and `earn_badges` decide under the lock.
    """
    now = now or timezone.now()
    badge = definitions.sought(badge_id, owner, read=definitions.reload)
    wish = Wish(
        origin=origin,
        customer_ids=list(dict.fromkeys(customer_ids)),
        owner=owner,
        event_at=event_at or now,
        now=now,
        reissue_of=reissue_of,
    )
    try:
        rules.check_may_act_for(origin.integrator, owner)
        rules.check_named(badge, by_id=badge_id is not None)
        if len(wish.customer_ids) == 1:
            return _preview_one(badge, wish)
        outcomes = _decide(badge, wish)
    except BadgeError as refusal:
        outcomes = [Outcome(customer_id, refusal=refusal) for customer_id in wish.customer_ids]
    return Preview(outcomes=outcomes, badge=badge, used={})


def preview_earns(
    *,
    origin: Origin,
    customer_id: int,
    badges: Sequence[Definition],
    used: Mapping[str, Mapping[Limit, int]],
    event_at: datetime | None = None,
    now: datetime | None = None,
) -> dict[str, Preview]:
    """Say by badge what `earn_badge` would do now for one customer at the desk, in one query.

    It writes and holds nothing, and believes the definitions it is given, and how much of their
    limits is `used` up by then (`limits.used_of_badges`).
    """
    now = now or timezone.now()
    dates = {"event_at": event_at or now, "now": now}
    wish = Wish(origin=origin, customer_ids=[customer_id], owner=None, **dates)
    covering = Enrolment.objects.of_customer(customer_id).covering(wish.event_at)
    enrolments = {enrolment.badge_id: enrolment for enrolment in covering}
    return {
        badge.id: Preview(
            outcomes=[_decide_one(badge, wish, enrolments.get(badge.id), used[badge.id])],
            badge=badge,
            used=used[badge.id],
        )
        for badge in badges
    }


def earn_badges(
    *,
    origin: Origin,
    request_id: str,
    customer_ids: Sequence[int],
    badge_id: str | None = None,
    owner: Owner | None = None,
    event_at: datetime | None = None,
    now: datetime | None = None,
) -> BulkResult[Earned]:
    """Give a badge to many customers in one transaction; a customer named twice counts once.

    What concerns the badge or the call refuses the whole call as in `earn_badge`; 811, 2001 and
    2002 refuse their customer alone (contract, 2.2).
    """
    now = now or timezone.now()
    customer_ids = list(dict.fromkeys(customer_ids))
    meant = {"badge": badge_id, "owner": owner, "customers": customer_ids, "event_at": event_at}
    wish = Wish(
        origin=origin,
        customer_ids=customer_ids,
        owner=owner,
        event_at=event_at or now,
        now=now,
        request_id=request_id,
        badge_id=badge_id,
        fingerprint=fingerprint(**meant),
    )
    return _ask(Operation.EARN_BULK, wish)


def _ask(operation: Operation, wish: Wish) -> BulkResult[Earned]:
    """Run a wish once for its request id.

    The refusal of its one customer refuses a single earn; a list keeps the refusals of some.
    """
    alone = operation == Operation.EARN
    badge = definitions.sought(wish.badge_id, wish.owner)
    with attempt(
        operation,
        origin=wish.origin,
        now=wish.now,
        request_id=wish.request_id,
        fingerprint=wish.fingerprint,
        badge_id=badge and badge.id,
        customer_id=wish.customer_ids[0] if alone else None,
    ) as request:
        rules.check_may_act_for(wish.origin.integrator, wish.owner)
        rules.check_named(badge, by_id=wish.badge_id is not None)
        badge, outcomes = _earn(badge, wish, request.pk)
        if alone and outcomes[0].refusal:
            raise outcomes[0].refusal
        if not alone:
            record_refused(request, outcomes)
    return BulkResult(request, outcomes, expires_at=badge.earned_badge_ends(wish.now))


def _earn(
    badge: Definition, wish: Wish, request_id: int
) -> tuple[Definition, list[Outcome[Earned]]]:
    """Hold the badge, look, decide, write; return the badge as it was held, and the outcomes."""
    badge = definitions.held(badge, wish.customer_ids)
    outcomes = _decide(badge, wish, request_id)
    earned = [outcome.fact for outcome in outcomes if outcome.fact]
    write_earned(earned, wish.trigger, reissue_of=wish.reissue_of)
    limits.add_to_tally(badge, [(fact.event_at, fact.earned_at) for fact in earned])
    return badge, outcomes


def _preview_one(badge: Definition, wish: Wish) -> Preview:
    """Decide for one customer on facts that are read once, and are shown as well."""
    wish.check(badge)
    _check_reissue(badge, wish)
    used = _used(badge, wish)
    outcome = _decide_one(badge, wish, _enrolments(badge, wish).get(wish.customer_id), used)
    return Preview(outcomes=[outcome], badge=badge, used=used)


def _decide(badge: Definition, wish: Wish, request_id: int | None = None) -> list[Outcome[Earned]]:
    """Ask the rules, for each customer too; a badge limit is used up in the order of the list."""
    wish.check(badge)
    _check_reissue(badge, wish)
    dates = {"event_at": wish.event_at, "now": wish.now}
    enrolments = _enrolments(badge, wish)
    by_customer = limits.used_by_customers(badge, wish.customer_ids, **dates)
    by_all = limits.used_by_all(badge, **dates)
    of_all = badge.limits_at(wish.event_at, LimitLevel.BADGE)
    outcomes = []
    ids = new_ids(len(wish.customer_ids), wish.now)
    for customer_id, pk in zip(wish.customer_ids, ids, strict=True):
        used = by_customer[customer_id] | by_all if badge.limits else {}
        enrolment = enrolments.get(customer_id)
        outcome = _outcome(pk, badge, wish, customer_id, enrolment, used, request_id)
        if outcome.fact:
            by_all.update(of_all)
        outcomes.append(outcome)
    return outcomes


def _decide_one(
    badge: Definition, wish: Wish, enrolment: Enrolment | None, used: Mapping[Limit, int]
) -> Outcome[Earned]:
    """Ask the rules for a wish of one customer, on facts that were read before."""
    try:
        wish.check(badge)
    except BadgeError as refusal:
        return Outcome(wish.customer_id, refusal=refusal)
    return _outcome(new_id(wish.now), badge, wish, wish.customer_id, enrolment, used)


def _outcome(
    pk: str,
    badge: Definition,
    wish: Wish,
    customer_id: int,
    enrolment: Enrolment | None,
    used: Mapping[Limit, int],
    request_id: int | None = None,
) -> Outcome[Earned]:
    """Refuse one customer, or make the badge that is to be written."""
    try:
        rules.check_customer(badge, enrolled=enrolment is not None, used=used)
    except BadgeError as refusal:
        return Outcome(customer_id, refusal=refusal)
    fact = Earned(
        pk=pk,
        badge_id=badge.id,
        customer_id=customer_id,
        event_at=wish.event_at,
        earned_at=wish.now,
        expires_at=badge.earned_badge_ends(wish.now),
        enrolment_id=enrolment and enrolment.pk,
        enrolment=enrolment,
        request_id=request_id,
    )
    return Outcome(customer_id, fact)


def _check_reissue(badge: Definition, wish: Wish) -> None:
    """Refuse to stand for anything but a revoked one of the badge and the one customer."""
    if wish.reissue_of is None:
        return
    theirs = EarnedBadge.objects.of_customers(badge.id, wish.customer_ids)
    rules.check_reissue(theirs.filter(pk=wish.reissue_of).first())


def _used(badge: Definition, wish: Wish) -> Mapping[Limit, int]:
    """Return what counts against each limit already, for a wish of one customer."""
    dates = {"event_at": wish.event_at, "now": wish.now}
    by_customer = limits.used_by_customers(badge, wish.customer_ids, **dates)
    used = by_customer[wish.customer_id] | limits.used_by_all(badge, **dates)
    return {limit: used[limit] for limit in badge.limits}


def _enrolments(badge: Definition, wish: Wish) -> dict[int, Enrolment]:
    """Return the enrolment that covers the event date, by customer."""
    if not badge.needs_enrolment:
        return {}
    covering = Enrolment.objects.of_customers(badge.id, wish.customer_ids).covering(wish.event_at)
    return {enrolment.customer_id: enrolment for enrolment in covering}
