"""Background chores, in a separate process: counting, sealing, and cleaning up.

A worker runs it (`badgeadmin.worker`), so that no request shares an interpreter with it. It ends
with that worker, and then another worker runs it.

The worker holds the other end of the standard input, which the operating system closes when the
worker ends for any reason. So this process ends at once, and not only when it looks for its parent.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator

import django

COUNT_INTERVAL = 5
REMOVAL_INTERVAL = 24 * 60 * 60
# Requests have priority over the chores.
NICENESS = 10

log = logging.getLogger(__name__)


def main() -> None:
    """Run every chore periodically until the standard input is closed."""
    os.nice(NICENESS)
    watcher = threading.Thread(target=_exit_with_worker, daemon=True)
    watcher.start()
    django.setup()
    for chore in _chores():
        threading.Thread(target=_repeat, args=chore, daemon=True).start()
    watcher.join()


def _exit_with_worker() -> None:
    """Wait for the end of the standard input, and end this process.

    It does not wait for a chore: the database rolls its transaction back.
    """
    os.read(sys.stdin.fileno(), 1)  # unbuffered: a lock of the buffer would abort a failing start
    os._exit(0)


def _chores() -> Iterator[tuple]:
    """Yield each chore: the function, its interval in seconds, and the message for a failure."""
    from django.conf import settings

    from badges.services.record import expired, seals, summaries

    yield expired.remove_expired, REMOVAL_INTERVAL, "Removing expired rows failed."
    yield summaries.catch_up_all, COUNT_INTERVAL, "Counting the requests by day failed."
    if settings.AUDIT_SEAL_SECONDS:
        yield seals.seal_all, settings.AUDIT_SEAL_SECONDS, "Sealing the request log failed."


def _repeat(function, seconds: float, message: str) -> None:
    """Call a function periodically until this process ends."""
    from django.db import connections

    while True:
        try:
            function()
        except Exception:
            log.exception(message)
        finally:
            connections.close_all()
        time.sleep(seconds)


if __name__ == "__main__":
    main()
