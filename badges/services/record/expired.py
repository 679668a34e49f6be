"""Delete expired rows without further use: sessions, tokens, failed sign-ins.

None of them is part of the record: the request log has each sign-in, each failure and each token.
"""

from collections.abc import Iterator
from datetime import datetime

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

BATCH_SIZE = 1_000
LOCK = "badges.expired"  # the name of the advisory lock that one server at a time takes


def remove_expired() -> int:
    """Delete expired rows, in short transactions; return the number of deleted rows.

    If several servers start at the same time, one continues and the others stop.
    """
    return sum(map(_remove, _expired_rows(timezone.now())))


def _expired_rows(now: datetime) -> Iterator[QuerySet[Model]]:
    yield Session.objects.filter(expire_date__lt=now)
    yield get_access_token_model().objects.filter(expires__lt=now)
    yield AccessAttempt.objects.filter(attempt_time__lt=now - settings.AXES_COOLOFF_TIME)


def _remove(rows: QuerySet[Model]) -> int:
    removed = 0
    while batch := _remove_batch(rows):
        removed += batch
    return removed


def _remove_batch(rows: QuerySet[Model]) -> int:
    """Delete a batch of rows in one transaction; return 0 if none is left or the lock is taken.

    The result counts only the rows of the batch, not the rows deleted by cascade, such as those
    that refer to a token.
    """
    with transaction.atomic():
        if not _acquire_lock():
            return 0
        pks = list(rows.order_by().values_list("pk", flat=True)[:BATCH_SIZE])
        rows.model._default_manager.filter(pk__in=pks).delete()
        return len(pks)


def _acquire_lock() -> bool:
    """Take the lock until the transaction ends, without waiting; return False if it is taken."""
    if connection.vendor != "postgresql":  # SQLite: the transaction already locks the database
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        (is_locked,) = cursor.fetchone()
    return bool(is_locked)
