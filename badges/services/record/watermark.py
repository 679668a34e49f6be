"""Up to which id the request log is complete: rows may be committed out of order."""

import time

from django.db import connection

POLL_INTERVAL = 0.01

# An insert takes this lock before its id is drawn, and releases it after the commit is visible.
WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE relation = 'badges_requestlog'::regclass AND mode = 'RowExclusiveLock'
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND pid IS DISTINCT FROM pg_backend_pid()
"""


def committed_up_to(last: int, pks: list[int], *, timeout: float = 0) -> int:
    """Return the last of these ids, visible after `last`, below which no other id can appear.

    Waits up to `timeout` seconds for running transactions. Without ids it returns `last`.

    An id below the highest visible one was drawn before that one became visible. Once all
    transactions that were inserting at that time have ended, no lower id can appear. Until then,
    none can appear below the first gap.
    """
    if not pks:
        return last
    writers = _writers()
    deadline = time.monotonic() + timeout
    while writers and time.monotonic() < deadline:
        time.sleep(POLL_INTERVAL)
        writers &= _writers()
    if not writers:
        return pks[-1]
    return max((pk for index, pk in enumerate(pks, last + 1) if pk == index), default=last)


def _writers() -> set[str]:
    """Return the other transactions that may have drawn ids of the request log."""
    if connection.vendor != "postgresql":  # SQLite has one writer: ids are committed in order
        return set()
    with connection.cursor() as cursor:
        cursor.execute(WRITERS)
        return {transaction_id for (transaction_id,) in cursor.fetchall()}
