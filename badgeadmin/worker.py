"""What a worker process of the production server runs."""

import os
import signal
import threading
import time
from multiprocessing import parent_process

SECONDS_TO_FINISH = 10


def application():
    """Return the WSGI application, in a worker that the server alone stops.

    Ctrl-C is kept from the worker: the terminal sends it to the whole process group, the server
    stops its workers as well, and a worker that is told to stop twice hangs.
    """
    os.setpgid(0, 0)
    threading.Thread(target=_stop_after, args=[parent_process().pid], daemon=True).start()

    from badgeadmin.wsgi import application

    return application


def _stop_after(server: int) -> None:
    """Stop this worker once its server is gone, however it went: the port must become free."""
    while os.getppid() == server:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_FINISH)
    os._exit(1)  # without its server a worker may wait for ever to be told that it has stopped
