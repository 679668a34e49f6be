"""The slow path of an earn: decide and write in one transaction, with the ORM."""

from badges import rules
from badges.models import Definition, Operation
from badges.services.catalogue import definitions
from badges.services.customers import confirmations, limits
from badges.services.customers.outcomes import BulkResult, Outcome, record_refused_items
from badges.services.earning.bulk_insert import insert_earned
from badges.services.earning.command import EarnCommand, Earned
from badges.services.earning.decisions import decide
from badges.services.request_log import logged_request


def earn_on_slow_path(command: EarnCommand) -> Earned:
    """Give the badge of a command for one customer, or refuse it, as `earn_badge` does."""
    (earned,) = _earn_once(Operation.EARN, command).facts
    return earned


def earn_many_on_slow_path(command: EarnCommand) -> BulkResult[Earned]:
    """Give the badge of a command for a list of customers, as `earn_badges` does."""
    return _earn_once(Operation.EARN_BULK, command)


def _earn_once(operation: Operation, command: EarnCommand) -> BulkResult[Earned]:
    """Execute a command once for its request id.

    A single earn raises the refusal of its customer; a list stores the refusals of its customers.
    """
    is_single = operation == Operation.EARN
    badge = definitions.find_definition(command.badge_id, command.owner)
    with logged_request(
        operation,
        origin=command.origin,
        now=command.now,
        request_id=command.request_id,
        fingerprint=command.fingerprint,
        owners=definitions.owners_of_fact(badge, command.owner, command.customer_ids),
        badge_id=badge.id if badge else None,
        customer_id=command.customer_ids[0] if is_single else None,
    ) as request:
        badge = rules.check_named(badge, by_id=command.badge_id is not None)
        badge, outcomes = _earn(badge, command, request.pk)
        if is_single and outcomes[0].refusal:
            raise outcomes[0].refusal
        if not is_single:
            record_refused_items(request, outcomes)
    return BulkResult(request, outcomes, expires_at=badge.earned_badge_ends(command.now))


def _earn(
    badge: Definition, command: EarnCommand, request_id: int
) -> tuple[Definition, list[Outcome[Earned]]]:
    """Lock the badge, decide and write; return the locked definition and the outcomes."""
    badge = definitions.lock_definition(badge, command.customer_ids)
    outcomes = decide(badge, command, request_id)
    earned = [outcome.fact for outcome in outcomes if outcome.fact]
    customer_ids = [fact.customer_id for fact in earned]
    confirmations.check_earn(command.confirmation, badge.id, customer_ids, command.now)
    insert_earned(earned)
    limits.add_to_tally(badge, [(fact.event_at, fact.earned_at) for fact in earned])
    return badge, outcomes
