"""What is looked at after a fault: figures of which each has to be zero."""

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
from badges.services import seals, summaries
from tests.faults.clients import LIST, Told

EARNS = (Operation.EARN, Operation.EARN_BULK)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How many of each were found that must not be there."""

    missing: int  # told to be given, but not in the ledger
    halves: int  # accepted requests without their badges, or not all of them
    twice: int  # request ids that were accepted more than once, or badges given by one of them
    miscounted: int  # counters that differ from the rows they count
    exceeded: int  # customers and badges beyond a limit
    unsound: int  # what a verification of the record finds

    @property
    def are_clean(self) -> bool:
        return not any(asdict(self).values())


def found(told: Told) -> Figures:
    """Count and seal what is left to do, and compare what was told with what is there."""
    connections.close_all()
    summaries.catch_up_entirely()
    seals.seal_entirely()
    counted = Figures(
        missing=_missing(told),
        halves=_halves(),
        twice=_twice(),
        miscounted=_miscounted(),
        exceeded=_exceeded(),
        unsound=sum(len(checked.problems) for checked in verify()),
    )
    connections.close_all()
    return counted


def _missing(told: Told) -> int:
    singles = EarnedBadge.objects.filter(request__operation=Operation.EARN)
    there = dict(singles.values_list("request__request_id", "pk"))
    lost = sum(there.get(request_id) != pk for request_id, pk in told.earned.items())
    return lost + sum(
        EarnedBadge.objects.filter(request__request_id=request_id).count() != given
        for request_id, given in told.lists.items()
    )


def _halves() -> int:
    accepted = RequestLog.objects.accepted().order_by()
    without = accepted.filter(operation=Operation.EARN, earnedbadge__isnull=True)
    lists = accepted.filter(operation=Operation.EARN_BULK)
    given = lists.values("pk").annotate(rows=Count("earnedbadge"))
    return without.count() + given.exclude(rows=LIST).count()


def _twice() -> int:
    accepted = RequestLog.objects.accepted().filter(request_id__isnull=False)
    ids = accepted.order_by().values("request_id").annotate(rows=Count("pk")).filter(rows__gt=1)
    singles = EarnedBadge.objects.filter(request__operation=Operation.EARN).order_by()
    return ids.count() + _several(singles.values("request"), 1)


def _miscounted() -> int:
    given = EarnedBadge.objects.count()
    done = DailyCount.objects.filter(badge_id="", code=0, operation__in=EARNS)
    tallies = EarnTally.objects.filter(day=EVER)
    return (done.aggregate(of_all=Sum("customers"))["of_all"] or 0) != given or sum(
        tally.in_all != EarnedBadge.objects.filter(badge=tally.badge_id).count()
        for tally in tallies
    )


def _exceeded() -> int:
    """Count what is beyond the limits over the life of a badge, of each level."""
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
