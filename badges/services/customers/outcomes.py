"""The outcomes of a call, one for each customer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from badges.errors import BadgeError
from badges.models import EarnedBadge, Enrolment, RefusedItem, RequestLog
from badges.services.earning.command import Earned

FactT = TypeVar("FactT", Earned, EarnedBadge, Enrolment)


class Outcome(msgspec.Struct, Generic[FactT], frozen=True):
    """A new fact, or a refusal; `existing` is the stored fact that caused the refusal, if any."""

    customer_id: int
    fact: FactT | None = None
    refusal: BadgeError | None = None
    existing: FactT | None = None


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


def record_refused_items(request: RequestLog, outcomes: Iterable[Outcome[FactT]]) -> None:
    """Store the refused customers of an accepted call; the others have their facts."""
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
