"""Decide an earn by the rules, with facts that are read through the ORM.

The slow path decides under the lock of the badge and then writes the outcomes. A preview decides
without a lock, and its outcomes are only shown.
"""

from collections.abc import Mapping

from badges import rules
from badges.errors import BadgeError
from badges.models import Definition, EarnedBadge, Enrolment, Limit, LimitLevel, new_ids
from badges.services.customers import limits
from badges.services.customers.outcomes import Outcome
from badges.services.earning.command import EarnCommand, Earned


def decide(
    badge: Definition, command: EarnCommand, request_id: int | None = None
) -> list[Outcome[Earned]]:
    """Return an outcome for each customer of a command; badge limits fill up in list order.

    `request_id` is the key of the row in the request log. Raises BadgeError if an error of the
    badge or of the call refuses the whole command.
    """
    check_call(badge, command)
    enrolments = covering_enrolments(badge, command)
    dates = {"event_at": command.event_at, "now": command.now}
    by_customer = limits.used_by_customers(badge, command.customer_ids, **dates)
    by_all = limits.used_by_all(badge, **dates)
    of_all = badge.limits_at(command.event_at, LimitLevel.BADGE)
    outcomes = []
    ids = new_ids(len(command.customer_ids), command.now)
    for customer_id, pk in zip(command.customer_ids, ids, strict=True):
        used = by_customer[customer_id] | by_all if badge.limits else {}
        enrolment = enrolments.get(customer_id)
        outcome = decide_for_customer(
            badge, command, customer_id, enrolment, used, pk=pk, request_id=request_id
        )
        if outcome.fact:
            by_all.update(of_all)
        outcomes.append(outcome)
    return outcomes


def check_call(badge: Definition, command: EarnCommand) -> None:
    """Refuse errors of the badge or of the call, with those of `reissue_of`."""
    command.check(badge)
    if command.reissue_of is not None:
        earned_badges = EarnedBadge.objects.of_customers(badge.id, command.customer_ids)
        rules.check_reissue(earned_badges.filter(pk=command.reissue_of).first())


def covering_enrolments(badge: Definition, command: EarnCommand) -> dict[int, Enrolment]:
    """Return the enrolment that covers the event date, by customer."""
    if not badge.needs_enrolment:
        return {}
    covering = Enrolment.objects.of_customers(badge.id, command.customer_ids).covering(
        command.event_at
    )
    return {enrolment.customer_id: enrolment for enrolment in covering}


def decide_for_customer(
    badge: Definition,
    command: EarnCommand,
    customer_id: int,
    enrolment: Enrolment | None,
    used: Mapping[Limit, int],
    *,
    pk: str,
    request_id: int | None = None,
) -> Outcome[Earned]:
    """Return the refusal of one customer, or the earned badge to write."""
    try:
        rules.check_customer(badge, enrolled=enrolment is not None, used=used)
    except BadgeError as refusal:
        return Outcome(customer_id, refusal=refusal)
    row = command.row(
        badge,
        customer_id,
        pk=pk,
        enrolment_id=enrolment.pk if enrolment else None,
        enrolment=enrolment,
        request_id=request_id,
    )
    return Outcome(customer_id, row)
