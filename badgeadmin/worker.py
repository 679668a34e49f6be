"""What a worker process of the production server runs."""

import logging
import os
import signal
import threading
import time
from multiprocessing import parent_process

SECONDS_BETWEEN_COUNTS = 5
SECONDS_TO_FINISH = 10

log = logging.getLogger(__name__)


def application():
    """Return the WSGI application, in a worker that the server alone stops.

    Ctrl-C is kept from the worker: the terminal sends it to the whole process group, the server
    stops its workers as well, and a worker that is told to stop twice hangs.
    """
    os.setpgid(0, 0)
    threading.Thread(target=_stop_after, args=[parent_process().pid], daemon=True).start()

    from badgeadmin.wsgi import application

    threading.Thread(target=_keep_counting, daemon=True).start()
    return application


def _stop_after(server: int) -> None:
    """Stop this worker once its server is gone, however it went: the port must become free."""
    while os.getppid() == server:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_FINISH)
    os._exit(1)  # without its server a worker may wait for ever to be told that it has stopped


def _keep_counting() -> None:
    """Keep the counts by day up to date, as long as this worker runs; workers take turns."""
    from django.db import connections

    from badges.services.summaries import catch_up_entirely

    while True:
        try:
            catch_up_entirely()
        except Exception:
            log.exception("The counts by day are behind; trying again.")
        finally:
            connections.close_all()
        time.sleep(SECONDS_BETWEEN_COUNTS)
