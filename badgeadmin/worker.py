"""What a worker process of the production server runs."""

import fcntl
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import parent_process

SECONDS_TO_FINISH = 10
SECONDS_TO_KEEP_IDLE = 10


def application():
    """Return the WSGI application, in a worker that the server alone stops.

    Ctrl-C is kept from the worker: the terminal sends it to the whole process group, the server
    stops its workers as well, and a worker that is told to stop twice hangs.
    """
    os.setpgid(0, 0)
    server = parent_process().pid
    threading.Thread(target=_stop_after, args=[server], daemon=True).start()

    from badgeadmin.wsgi import application, places

    # What is loaded now stays: a search for garbage among it takes a tenth of a second in which
    # everybody waits, time and again.
    gc.collect()
    gc.freeze()
    threading.Thread(target=_have_chores_done, args=[server], daemon=True).start()
    threading.Thread(target=_close_idle, args=[places], daemon=True).start()
    return application


def _stop_after(server: int) -> None:
    """Stop this worker once its server is gone, however it went: the port must become free."""
    while os.getppid() == server:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_FINISH)
    os._exit(1)  # without its server a worker may wait for ever to be told that it has stopped


def _have_chores_done(server: int) -> None:
    """Run the process of the chores unless another worker of the server does, and again if it ends.

    Each server has a byte of the file of its own to lock; the lock goes when this worker does.
    """
    from django.conf import settings

    command = [sys.executable, "-m", "badgeadmin.chores", str(os.getpid())]
    with (settings.VAR_DIR / "chores.lock").open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 1, server)
        while True:
            subprocess.run(command, check=False)  # noqa: S603 - our own command
            time.sleep(1)


def _close_idle(places) -> None:
    """Close the connections to the database that a crowd needed, once it has gone."""
    while True:
        time.sleep(SECONDS_TO_KEEP_IDLE)
        places.close_idle(SECONDS_TO_KEEP_IDLE)
