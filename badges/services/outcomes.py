"""What became of each customer of a call."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from badges.errors import BadgeError
from badges.models import EarnedBadge, Enrolment, RefusedItem, RequestLog
from badges.services.wishes import Earned

FactT = TypeVar("FactT", Earned, EarnedBadge, Enrolment)


class Outcome(msgspec.Struct, Generic[FactT], frozen=True):
    """Either the fact or the refusal, which may name the fact that `stands` in the way."""

    customer_id: int
    fact: FactT | None = None
    refusal: BadgeError | None = None
    stands: FactT | None = None


@dataclass(frozen=True, slots=True)
class BulkResult(Generic[FactT]):
    """An accepted call for many customers: its request, and an outcome for each in their order."""

    request: RequestLog
    outcomes: Sequence[Outcome[FactT]]
    expires_at: datetime | None = None

    @property
    def facts(self) -> list[FactT]:
        return [outcome.fact for outcome in self.outcomes if outcome.fact]

    @property
    def refused(self) -> list[Outcome[FactT]]:
        return [outcome for outcome in self.outcomes if outcome.refusal]


def record_refused(request: RequestLog, outcomes: Iterable[Outcome]) -> None:
    """Keep the refused customers of an accepted call; the others are found by their facts."""
    RefusedItem.objects.bulk_create(
        RefusedItem(
            request=request,
            customer_id=outcome.customer_id,
            code=outcome.refusal.code,
            message=outcome.refusal.message_on_record,
        )
        for outcome in outcomes
        if outcome.refusal
    )
