"""The fast path of a single earn, which writes it in one or two round trips.

The decision uses the cached definition and no model instances. An earn that needs no counts and no
enrolment is decided immediately and written in one statement (`inserts`). Otherwise the enrolment
and the counts are read in the transaction that writes (`locked_insert`). Concurrent earns are
written together: earns that need no lock by the batches of the server (`earn_batch`), earns of
one badge with badge limits by group commit (`group_commit`).

The slow path (`services.earning.slow_path`) handles all other earns and every refusal, because the
check for a used request id must come first.
"""

from collections.abc import Collection, Hashable, Sequence
from functools import lru_cache

from django.db import connection
from msgspec.structs import replace

from badges import rules
from badges.errors import BadgeError
from badges.models import Definition
from badges.services.catalogue import definitions
from badges.services.customers import limits
from badges.services.earning.command import EarnCommand, Earned
from badges.services.earning.group_commit import GroupCommit, run_in_batches
from badges.services.earning.inserts import insert_if_current
from badges.services.earning.locked_insert import RuleInputs, lock_count_insert

MAX_GROUP_SIZE = 32
MAX_GROUPS = 1_000

# A command, and the cached definition whose rules accept it, except perhaps those on counts and
# enrolments.
Accepted = tuple[EarnCommand, Definition]


def try_fast_earn(command: EarnCommand) -> Earned | None:
    """Give a badge to the one customer of a command, or return None for the slow path.

    None means that nothing was written. Both rows or none are written, even if the cached
    definition or the cached integrator is outdated.
    """
    badge = accepting_badge(command)
    return earn_accepted(command, badge) if badge else None


def accepting_badge(command: EarnCommand) -> Definition | None:
    """Return the cached badge of a command, or None if the slow path has to decide.

    The command passes all rules of the badge, except perhaps those on counts and enrolments. A
    command of the desk, which has a confirmation, needs the lock of the slow path.
    """
    if command.badge_id is None or command.reissue_of is not None or command.origin.states_reason:
        return None
    if command.confirmation is not None:
        return None
    badge = definitions.cached_definition(command.badge_id)
    if badge is None:
        return None
    try:
        owners = definitions.owners_concerned(badge, command.trigger)
        rules.check_may_act_for(command.origin.integrator, owners)
        command.check(badge)
    except BadgeError:
        return None
    return badge


def earn_accepted(command: EarnCommand, badge: Definition) -> Earned | None:
    """Give the badge that `accepting_badge` returned, as `try_fast_earn` does."""
    if not badge.needs_lock:
        (earned,) = _insert_all([(command, badge)])
        return earned
    # Group commit runs in another transaction; in an open one the earn must commit with the rest.
    if badge.has_badge_limits and not connection.in_atomic_block:
        return _group_of_badge(badge.id)((command, badge))
    (earned,) = _lock_count_insert_all([(command, badge)])
    return earned


def earn_batch(accepted: Sequence[Accepted]) -> list[Earned | Exception | None]:
    """Give badges that need no lock, in as few statements as possible.

    Each result is that of `earn_accepted`, or the exception that it would raise.
    """
    return run_in_batches(_insert_all, accepted, max_size=MAX_GROUP_SIZE, keys=_keys)


def _insert_all(accepted: Sequence[Accepted]) -> list[Earned | None]:
    earns = [(command, command.row(badge, command.customer_id)) for command, badge in accepted]
    return _inserted_rows([row for _command, row in earns], insert_if_current(earns))


@lru_cache(maxsize=MAX_GROUPS)
def _group_of_badge(badge_id: str) -> GroupCommit[Accepted, Earned]:
    """Return the group commit of a badge, whose earns would otherwise queue for its lock."""
    return GroupCommit(_lock_count_insert_all, max_size=MAX_GROUP_SIZE, keys=_keys)


def _lock_count_insert_all(accepted: Sequence[Accepted]) -> list[Earned | None]:
    """Decide earns of one badge in order; each one counts the earns before it."""
    _command, badge = accepted[0]
    commands = [command for command, known in accepted if known.version == badge.version]
    rows: dict[str, Earned] = {}  # by request id, which is unique among them

    def decide(inputs: Sequence[RuleInputs]) -> list[tuple[EarnCommand, Earned]]:
        for command, inputs_of_one in zip(commands, inputs, strict=True):
            if row := _decide(command, badge, inputs_of_one, rows.values()):
                rows[command.request_id] = row
        return [
            (command, rows[command.request_id])
            for command in commands
            if command.request_id in rows
        ]

    inserted = lock_count_insert(badge, commands, decide)
    return _inserted_rows([rows.get(command.request_id) for command, _badge in accepted], inserted)


def _decide(
    command: EarnCommand, badge: Definition, inputs: RuleInputs, before: Collection[Earned]
) -> Earned | None:
    used = inputs.used + limits.used_by_pending(
        badge, before, event_at=command.event_at, now=command.now
    )
    try:
        rules.check_customer(badge, enrolled=inputs.enrolment_id is not None, used=used)
    except BadgeError:
        return None
    return command.row(badge, command.customer_id, enrolment_id=inputs.enrolment_id)


def _inserted_rows(rows: Sequence[Earned | None], inserted: dict[str, int]) -> list[Earned | None]:
    """Return the rows that were inserted, with the keys of their requests."""
    return [
        replace(row, request_id=inserted[row.id]) if row and row.id in inserted else None
        for row in rows
    ]


def _keys(accepted: Accepted) -> set[Hashable]:
    """Return the values that no two earns of one statement may share."""
    command, _badge = accepted
    return {("request", command.request_id), ("customer", command.customer_id)}
