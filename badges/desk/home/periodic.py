"""The progress of the periodic tasks, sealing and counting, according to the request log."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from badges.desk.record.views import LATE
from badges.models import RequestLog, Seal, SummaryCursor

# If the server does not seal by itself, an operator runs the command from time to time.
LATE_BY_COMMAND = timedelta(days=1)
SEALS_MISSED = 3


class Waiting(NamedTuple):
    """The times at which the oldest unsealed and the oldest uncounted request were recorded."""

    unsealed_since: datetime | None = None
    uncounted_since: datetime | None = None


def waiting() -> Waiting:
    """Return these times in one query, which reads by primary key."""
    sealed = Seal.objects.order_by("-number").values("last_request")[:1]
    counted = SummaryCursor.objects.order_by("pk").values("last_request")[:1]
    log = RequestLog.objects.order_by("pk").annotate(
        sealed=Coalesce(Subquery(sealed), 0), counted=Coalesce(Subquery(counted), 0)
    )
    oldest = RequestLog.objects.order_by("pk").values("recorded_at")
    found = log.annotate(
        unsealed_since=Subquery(oldest.filter(pk__gt=OuterRef("sealed"))[:1]),
        uncounted_since=Subquery(oldest.filter(pk__gt=OuterRef("counted"))[:1]),
    ).values_list(*Waiting._fields)
    return Waiting(*(found.first() or ()))


def late_to_seal() -> timedelta:
    """Return the maximum time that a request may wait for its seal without a warning."""
    seconds = settings.AUDIT_SEAL_SECONDS
    return max(LATE, SEALS_MISSED * timedelta(seconds=seconds)) if seconds else LATE_BY_COMMAND
