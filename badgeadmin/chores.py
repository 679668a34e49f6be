"""What goes on beside the requests, in a process of its own: counting by day, and sealing.

A worker runs it (`badgeadmin.worker`), so that nobody who waits for a page or an answer shares an
interpreter with it. It ends with that worker, and then another one runs it.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator

import django

SECONDS_BETWEEN_COUNTS = 5
# Requests come first where there is not enough for both.
NICENESS = 10

log = logging.getLogger(__name__)


def main(worker: int) -> None:
    """Do every chore again and again as long as its parent is this worker.

    The worker says its number itself: it may be gone before this process can ask for its parent.
    """
    os.nice(NICENESS)
    django.setup()
    for chore in _chores():
        threading.Thread(target=_keep, args=chore, daemon=True).start()
    while os.getppid() == worker:
        time.sleep(1)


def _chores() -> Iterator[tuple]:
    """Yield what there is to do: the work, its pause in seconds, and what a failure means."""
    from django.conf import settings

    from badges.services import seals, summaries

    yield summaries.catch_up_entirely, SECONDS_BETWEEN_COUNTS, "The counts by day are behind."
    if settings.AUDIT_SEAL_SECONDS:
        yield seals.seal_entirely, settings.AUDIT_SEAL_SECONDS, "The request log is not sealed."


def _keep(work, seconds: float, trouble: str) -> None:
    """Do something again and again as long as this process runs."""
    from django.db import connections

    while True:
        try:
            work()
        except Exception:
            log.exception(trouble)
        finally:
            connections.close_all()
        time.sleep(seconds)


if __name__ == "__main__":
    main(worker=int(sys.argv[1]))
