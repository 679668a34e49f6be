"""How far the request log is complete: rows may be committed later than rows with a higher id."""

import time

from django.db import connection

PAUSE = 0.01

# Whoever inserts a row holds this lock from before its id is drawn until after the commit is seen.
WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE relation = 'badges_requestlog'::regclass AND mode = 'RowExclusiveLock'
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND pid IS DISTINCT FROM pg_backend_pid()
"""


def settled_until(last: int, pks: list[int], *, patience: float = 0) -> int:
    """Return up to which of these ids, all that are seen after `last`, no other one can appear.

    Waits up to `patience` seconds for transactions under way. Without ids it is `last`.

    An id below the highest one was drawn before that one was seen. Once all who were inserting
    then have ended, nothing below can appear; until then, nothing can where no id is missing.
    """
    if not pks:
        return last
    writers = _writers()
    deadline = time.monotonic() + patience
    while writers and time.monotonic() < deadline:
        time.sleep(PAUSE)
        writers &= _writers()
    if not writers:
        return pks[-1]
    return max((pk for place, pk in enumerate(pks, last + 1) if pk == place), default=last)


def _writers() -> set[str]:
    """Return the transactions, other than this one, that may have drawn ids of the request log."""
    if connection.vendor != "postgresql":  # SQLite has one writer: ids are committed in order
        return set()
    with connection.cursor() as cursor:
        cursor.execute(WRITERS)
        return {transaction_id for (transaction_id,) in cursor.fetchall()}
