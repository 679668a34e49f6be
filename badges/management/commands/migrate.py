"""Django's migrate, in one process at a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.commands import migrate
from django.db import connections
from django.utils.translation import gettext as _

from badges.locks import locked

# The name of the lock in PostgreSQL, which all sessions of a database share.
LOCK = "badges.migrate"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
# The transaction that holds the lock is idle during the whole migration.
DISABLE_IDLE_TIMEOUT = "SET LOCAL idle_in_transaction_session_timeout = 0"
RETRY_INTERVAL = 0.5


class Command(migrate.Command):
    def handle(self, *args, **options):
        with self.exclusive_lock(options["database"]):
            super().handle(*args, **options)

    @contextmanager
    def exclusive_lock(self, alias: str) -> Iterator[None]:
        """Wait until no other process migrates this database, and block others until the end."""
        if connections[alias].vendor != "postgresql":
            with locked(
                Path(f"{connections[alias].settings_dict['NAME']}.lock")
            ):  # beside the file
                yield
            return
        # In a transaction on a separate connection: behind a pooler, a session cannot keep a lock.
        holder = connections[alias].copy()
        try:
            with transaction_of(holder), holder.cursor() as cursor:
                cursor.execute(DISABLE_IDLE_TIMEOUT)
                self.wait_for_lock(cursor)
                yield
        finally:
            holder.close()

    def wait_for_lock(self, cursor) -> None:
        """Poll for the lock; waiting for it in the statement would cause a deadlock.

        Building an index concurrently waits for every other statement that is running.
        """
        has_announced = False
        while True:
            cursor.execute(TRY_LOCK, [LOCK])
            if cursor.fetchone()[0]:
                return
            if not has_announced:
                self.stderr.write(_("Waiting for another process that is migrating this database."))
                has_announced = True
            time.sleep(RETRY_INTERVAL)


@contextmanager
def transaction_of(holder) -> Iterator[None]:
    """Run the block in a transaction of a connection that has no alias in Django."""
    holder.set_autocommit(False)
    try:
        yield
    finally:
        holder.rollback()
