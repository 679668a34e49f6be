"""The figures after a fault, each of which must be zero."""

from dataclasses import asdict, dataclass

from django.db import connections
from django.db.models import Count, Sum

from badges.audit.verification import verify
from badges.models import (
    DailyCount,
    EarnedBadge,
    EarnLimit,
    EarnTally,
    LimitLevel,
    Operation,
    RequestLog,
)
from badges.models.values import EVER
from badges.services.record import seals, summaries
from tests.faults.clients import LIST_SIZE, Responses

EARNS = (Operation.EARN, Operation.EARN_BULK)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The number of inconsistencies of each kind."""

    lost: int  # reported as issued, but not in the ledger
    halved: int  # accepted requests without all of their badges
    twice: int  # request ids that were accepted twice, or that gave two badges
    miscounted: int  # counters that differ from the rows they count
    exceeded: int  # customers and badges beyond a limit
    unsound: int  # problems that a verification of the record finds

    @property
    def are_clean(self) -> bool:
        return not any(asdict(self).values())


def found(responses: Responses) -> Figures:
    """Finish counting and sealing, and compare the responses with the tables."""
    connections.close_all()
    summaries.catch_up_all()
    seals.seal_all()
    counted = Figures(
        lost=_lost(responses),
        halved=_halved(),
        twice=_twice(),
        miscounted=_miscounted(),
        exceeded=_exceeded(),
        unsound=sum(len(checked.problems) for checked in verify()),
    )
    connections.close_all()
    return counted


def _lost(responses: Responses) -> int:
    singles = EarnedBadge.objects.filter(request__operation=Operation.EARN)
    there = dict(singles.values_list("request__request_id", "pk"))
    lost = sum(there.get(request_id) != pk for request_id, pk in responses.earned.items())
    return lost + sum(
        EarnedBadge.objects.filter(request__request_id=request_id).count() != given
        for request_id, given in responses.lists.items()
    )


def _halved() -> int:
    accepted = RequestLog.objects.accepted().order_by()
    without = accepted.filter(operation=Operation.EARN, earnedbadge__isnull=True)
    lists = accepted.filter(operation=Operation.EARN_BULK)
    given = lists.values("pk").annotate(rows=Count("earnedbadge"))
    return without.count() + given.exclude(rows=LIST_SIZE).count()


def _twice() -> int:
    accepted = RequestLog.objects.accepted().filter(request_id__isnull=False)
    ids = accepted.order_by().values("request_id").annotate(rows=Count("pk")).filter(rows__gt=1)
    singles = EarnedBadge.objects.filter(request__operation=Operation.EARN).order_by()
    return ids.count() + _several(singles.values("request"), 1)


def _miscounted() -> int:
    given = EarnedBadge.objects.count()
    done = DailyCount.objects.of_badge().filter(code=0, operation__in=EARNS)
    tallies = EarnTally.objects.filter(day=EVER)
    return (done.aggregate(of_all=Sum("customers"))["of_all"] or 0) != given or sum(
        tally.in_all != EarnedBadge.objects.filter(badge=tally.badge_id).count()
        for tally in tallies
    )


def _exceeded() -> int:
    """Count the badges beyond the limits of either level over the whole life of a badge."""
    beyond = 0
    for limit in EarnLimit.objects.all():
        rows = EarnedBadge.objects.filter(badge=limit.badge_id).order_by()
        if limit.level == LimitLevel.CUSTOMER:
            beyond += _several(rows.values("customer_id"), limit.max_earns)
        else:
            beyond += max(0, rows.count() - limit.max_earns)
    return beyond


def _several(groups, most: int) -> int:
    return groups.annotate(rows=Count("pk")).filter(rows__gt=most).count()
