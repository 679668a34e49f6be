"""The services that earn badges: `earn_badge`, which tries the fast path first, `earn_badges`, and
the slow path of both.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from badges import rules
from badges.models import Definition, Operation, Owner
from badges.services.catalogue import definitions
from badges.services.customers import limits
from badges.services.customers.outcomes import BulkResult, Outcome, record_refused_items
from badges.services.earning.bulk_insert import insert_earned
from badges.services.earning.command import EarnCommand, Earned, single_earn_command
from badges.services.earning.decisions import decide
from badges.services.earning.fast_path import try_fast_earn
from badges.services.request_log import Origin, fingerprint, logged_request


def earn_badge(
    *,
    origin: Origin,
    request_id: str,
    customer_id: int,
    badge_id: str | None = None,
    owner: Owner | None = None,
    event_at: datetime | None = None,
    reissue_of: str | None = None,
    now: datetime | None = None,
) -> Earned:
    """Give a badge to one customer, once for each request id (CONTRACT.md, 2.1, 5 and 7).

    Without `badge_id` it is the only badge with an active claim equal to `owner`. `event_at` is the
    time of the customer's action, by default the processing time `now` (both aware). Only
    MemberCare may leave out `owner`. `reissue_of` is the revoked earned badge that the new one
    replaces. Raises BadgeError: 809, 403, 404, 715, 716, 815, 750, 810, 816, 2005, 811, 2001, 2002;
    a refusal writes only its row in the request log.
    """
    command = single_earn_command(
        origin=origin,
        request_id=request_id,
        customer_id=customer_id,
        badge_id=badge_id,
        owner=owner,
        event_at=event_at,
        reissue_of=reissue_of,
        now=now,
    )
    return try_fast_earn(command) or earn_on_slow_path(command)


def earn_on_slow_path(command: EarnCommand) -> Earned:
    """Give the badge of a command for one customer, or refuse it, as `earn_badge` does."""
    (earned,) = _earn_once(Operation.EARN, command).facts
    return earned


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

    An error of the badge or of the call refuses the whole call as in `earn_badge`; 811, 2001 and
    2002 refuse only their customer (CONTRACT.md, 2.2).
    """
    now = now or timezone.now()
    customer_ids = list(dict.fromkeys(customer_ids))
    arguments = {"badge": badge_id, "owner": owner, "customers": customer_ids, "event_at": event_at}
    command = EarnCommand(
        origin=origin,
        customer_ids=customer_ids,
        owner=owner,
        event_at=event_at or now,
        now=now,
        request_id=request_id,
        badge_id=badge_id,
        fingerprint=fingerprint(**arguments),
    )
    return _earn_once(Operation.EARN_BULK, command)


def _earn_once(operation: Operation, command: EarnCommand) -> BulkResult[Earned]:
    """Execute a command once for its request id.

    A single earn raises the refusal of its customer; a list stores the refusals of its customers.
    """
    alone = operation == Operation.EARN
    badge = definitions.find_definition(command.badge_id, command.owner)
    with logged_request(
        operation,
        origin=command.origin,
        now=command.now,
        request_id=command.request_id,
        fingerprint=command.fingerprint,
        owners=definitions.owners_of_fact(badge, command.owner, command.customer_ids),
        badge_id=badge.id if badge else None,
        customer_id=command.customer_ids[0] if alone else None,
    ) as request:
        badge = rules.check_named(badge, by_id=command.badge_id is not None)
        badge, outcomes = _earn(badge, command, request.pk)
        if alone and outcomes[0].refusal:
            raise outcomes[0].refusal
        if not alone:
            record_refused_items(request, outcomes)
    return BulkResult(request, outcomes, expires_at=badge.earned_badge_ends(command.now))


def _earn(
    badge: Definition, command: EarnCommand, request_id: int
) -> tuple[Definition, list[Outcome[Earned]]]:
    """Lock the badge, decide and write; return the locked definition and the outcomes."""
    badge = definitions.lock_definition(badge, command.customer_ids)
    outcomes = decide(badge, command, request_id)
    earned = [outcome.fact for outcome in outcomes if outcome.fact]
    insert_earned(earned)
    limits.add_to_tally(badge, [(fact.event_at, fact.earned_at) for fact in earned])
    return badge, outcomes
