"""Preview earns: decide by the rules of an earn, without writes and locks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from badges import rules
from badges.errors import BadgeError
from badges.models import Definition, Enrolment, Limit, Owner, new_id
from badges.services.catalogue import definitions
from badges.services.customers import limits
from badges.services.customers.outcomes import Outcome
from badges.services.earning import decisions
from badges.services.earning.command import EarnCommand, Earned
from badges.services.request_log import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The outcomes of an earn that is only previewed, and the badge used for the decision.

    `used` has the count against each limit for one customer. It is empty if there are several
    customers, or if the earn was refused before the limits were checked. `event_at` is the event
    date, by default the time of the preview.
    """

    outcomes: Sequence[Outcome[Earned]]
    badge: Definition | None
    used: Mapping[Limit, int]
    event_at: datetime

    @property
    def outcome(self) -> Outcome[Earned]:
        """The outcome of the only customer."""
        (outcome,) = self.outcomes
        return outcome


def preview_earn(
    *,
    origin: Origin,
    customer_ids: Sequence[int],
    badge_id: str | None = None,
    owner: Owner | None = None,
    event_at: datetime | None = None,
    reissue_of: str | None = None,
    now: datetime | None = None,
) -> Preview:
    """Preview an earn by the same rules and facts, without writes or locks.

    A refusal of the whole call becomes the outcome of every customer. The facts of the outcomes are
    not saved. The result is a hint: only `earn_badge` and `earn_badges` decide under the lock.
    """
    now = now or timezone.now()
    badge = definitions.find_definition(badge_id, owner, read=definitions.reload)
    command = EarnCommand(
        origin=origin,
        customer_ids=list(dict.fromkeys(customer_ids)),
        owner=owner,
        event_at=event_at or now,
        now=now,
        reissue_of=reissue_of,
    )
    try:
        rules.check_may_act_for(origin.integrator, [owner.owner_type] if owner else [])
        badge = rules.check_named(badge, by_id=badge_id is not None)
        if len(command.customer_ids) == 1:
            return _preview_one(badge, command)
        outcomes = decisions.decide(badge, command)
    except BadgeError as refusal:
        outcomes = [Outcome(customer_id, refusal=refusal) for customer_id in command.customer_ids]
    return Preview(outcomes=outcomes, badge=badge, used={}, event_at=command.event_at)


def preview_earns(
    *,
    origin: Origin,
    customer_id: int,
    badges: Sequence[Definition],
    used: Mapping[str, Mapping[Limit, int]],
    event_at: datetime | None = None,
    now: datetime | None = None,
) -> dict[str, Preview]:
    """Preview `earn_badge` at the desk for one customer and several badges, in one query.

    It writes and locks nothing. The definitions, and the counts against their limits in `used`
    (`limits.used_of_badges`), are those that the caller has read.
    """
    now = now or timezone.now()
    command = EarnCommand(
        origin=origin, customer_ids=[customer_id], owner=None, event_at=event_at or now, now=now
    )
    covering = Enrolment.objects.of_customer(customer_id).covering(command.event_at)
    enrolments = {enrolment.badge_id: enrolment for enrolment in covering}
    return {
        badge.id: _preview_with(badge, command, enrolments.get(badge.id), used[badge.id])
        for badge in badges
    }


def _preview_one(badge: Definition, command: EarnCommand) -> Preview:
    """Decide for one customer; the counts are read once, and returned as well."""
    decisions.check_call(badge, command)
    enrolment = decisions.covering_enrolments(badge, command).get(command.customer_id)
    return _preview_with(badge, command, enrolment, _used(badge, command))


def _preview_with(
    badge: Definition, command: EarnCommand, enrolment: Enrolment | None, used: Mapping[Limit, int]
) -> Preview:
    """Decide for one customer, with facts that have been read."""
    try:
        command.check(badge)
        outcome = decisions.decide_for_customer(
            badge, command, command.customer_id, enrolment, used, pk=new_id(command.now)
        )
    except BadgeError as refusal:
        outcome = Outcome(command.customer_id, refusal=refusal)
    return Preview(outcomes=[outcome], badge=badge, used=used, event_at=command.event_at)


def _used(badge: Definition, command: EarnCommand) -> Mapping[Limit, int]:
    """Return the current count against each limit, for a command of one customer."""
    dates = {"event_at": command.event_at, "now": command.now}
    by_customer = limits.used_by_customers(badge, command.customer_ids, **dates)
    used = by_customer[command.customer_id] | limits.used_by_all(badge, **dates)
    return {limit: used[limit] for limit in badge.limits}
