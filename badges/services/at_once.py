"""The short way of a single earn: decided on what is known, without objects, in one or two trips.

What nothing has to be counted for is decided at once and written in one statement (`posting`);
an enrolment or a limit is looked up in the transaction that then writes (`weighing`). Several that
are asked for at the same time are written together where that saves something (`together`).

The long way of `services.earn` takes what does not go this way, every refusal among it: whether a
request id was used before is to be told first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection

from badges import rules
from badges.errors import BadgeError
from badges.models import Definition, new_id
from badges.services import definitions, limits
from badges.services.posting import Posting, post
from badges.services.together import Together
from badges.services.weighing import Facts, weigh
from badges.services.wishes import Earned, Wish

MOST_AT_ONCE = 32
MOST_LIMITED = 1_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A wish that nothing speaks against but, perhaps, what is to be counted."""

    wish: Wish
    badge: Definition

    @property
    def keys(self) -> set:
        """What two of one statement may not share."""
        return {("request", self.wish.request_id), ("customer", self.wish.customer_id)}


def earn_at_once(wish: Wish) -> Earned | None:
    """Give a badge to the one customer of a wish; None is "not this way", and nothing was written.

    Writes both rows or none, whatever became of what was known of the badge and the integrator.
    """
    if wish.badge_id is None or wish.reissue_of is not None:
        return None
    badge = definitions.definition_of(wish.badge_id)
    if badge is None:
        return None
    try:
        rules.check_may_act_for(wish.origin.integrator, wish.owner)
        wish.check(badge)
    except BadgeError:
        return None
    return _way_of(badge)(Candidate(wish, badge))


def _way_of(badge: Definition):
    """Return what earns of a badge are given to: who would wait for each other goes together."""
    weighed = badge.limits or badge.needs_enrolment
    if connection.in_atomic_block:  # it has to stand or fall with the rest of the transaction
        return _weigh_one if weighed else _post_one
    if badge.has_badge_limits:
        return _of_limited_badge(badge.id)
    return _weigh_one if weighed else _post_together


def _post_one(candidate: Candidate) -> Earned | None:
    (earned,) = _post_all([candidate])
    return earned


def _post_all(candidates: Sequence[Candidate]) -> list[Earned | None]:
    postings = [_posting(each, enrolment_id=None) for each in candidates]
    return _earned(postings, post(postings))


def _weigh_one(candidate: Candidate) -> Earned | None:
    (earned,) = _weigh_all([candidate])
    return earned


def _weigh_all(candidates: Sequence[Candidate]) -> list[Earned | None]:
    """Weigh wishes of one badge, in their order: each sees what those before it used up."""
    badge = candidates[0].badge
    known = [each for each in candidates if each.badge.version == badge.version]
    postings = {}  # by request id, which no two of them share

    def decide(facts: Sequence[Facts]) -> list[Posting]:
        for candidate, known_of_it in zip(known, facts, strict=True):
            if posting := _decided(candidate, known_of_it, postings.values()):
                postings[candidate.wish.request_id] = posting
        return list(postings.values())

    posted = weigh(badge, [each.wish for each in known], decide)
    return _earned([postings.get(each.wish.request_id) for each in candidates], posted)


def _decided(candidate: Candidate, facts: Facts, before: Sequence[Posting]) -> Posting | None:
    wish, badge = candidate.wish, candidate.badge
    used = facts.used + limits.used_by_others(badge, before, event_at=wish.event_at, now=wish.now)
    try:
        rules.check_customer(badge, enrolled=facts.enrolment_id is not None, used=used)
    except BadgeError:
        return None
    return _posting(candidate, enrolment_id=facts.enrolment_id)


def _posting(candidate: Candidate, enrolment_id: str | None) -> Posting:
    wish, badge = candidate.wish, candidate.badge
    origin, trigger = wish.origin, wish.trigger
    return Posting(
        pk=new_id(wish.now),
        badge_id=badge.id,
        badge_version=badge.version,
        customer_id=wish.customer_id,
        event_at=wish.event_at,
        earned_at=wish.now,
        expires_at=badge.earned_badge_ends(wish.now),
        owner_type=trigger.owner_type,
        reference_id=trigger.reference_id,
        enrolment_id=enrolment_id,
        request_id=wish.request_id,
        fingerprint=wish.fingerprint,
        content=origin.content,
        reason=origin.reason,
        channel=origin.channel,
        integrator_id=origin.integrator and origin.integrator.pk,
        stamp=origin.integrator and origin.integrator.stamp,
        token_id=origin.token_id,
        user_id=origin.user and origin.user.pk,
    )


def _earned(postings: Sequence[Posting | None], posted: dict[str, int]) -> list[Earned | None]:
    return [
        Earned.of(posting, request_id=posted[posting.pk])
        if posting and posting.pk in posted
        else None
        for posting in postings
    ]


def _together(act) -> Together:
    return Together(act, most=MOST_AT_ONCE, keys=lambda candidate: candidate.keys)


_post_together = _together(_post_all)


@lru_cache(maxsize=MOST_LIMITED)
def _of_limited_badge(badge_id: str) -> Together:
    """Return where earns of a badge meet that would else wait for its lock, one after the other."""
    return _together(_weigh_all)
