"""What became of one customer of a call."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from badges.errors import BadgeError
from badges.models import EarnedBadge, Enrolment

FactT = TypeVar("FactT", EarnedBadge, Enrolment)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[FactT]):
    """Either the new fact or the refusal."""

    customer_id: int
    fact: FactT | None = None
    refusal: BadgeError | None = None
