"""A worker process of the production server."""

import asyncio
import fcntl
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import parent_process

import django

EXIT_TIMEOUT = 10
IDLE_CONNECTION_TIMEOUT = 10


def application():
    """Return the ASGI application, in a worker that only the server stops.

    The worker does not receive Ctrl-C: the terminal sends it to the whole process group, the server
    stops its workers as well, and a worker that is stopped twice hangs.
    """
    os.umask(0o077)
    os.setpgid(0, 0)
    server = parent_process()
    if server is None:
        raise RuntimeError("Only the server starts a worker.")
    threading.Thread(target=_stop_after, args=[server.pid], daemon=True).start()

    django.setup()
    from badges import staticfiles

    staticfiles.prepare()
    from badgeadmin.asgi import application, slots

    # Exclude loaded objects from garbage collection: scanning them takes a tenth of a second,
    # repeatedly, during which all requests wait.
    gc.collect()
    gc.freeze()
    threading.Thread(target=_run_chores, args=[server.pid], daemon=True).start()
    asyncio.get_running_loop().call_soon(_close_idle, asyncio.get_running_loop(), slots)
    return application


def _stop_after(server: int) -> None:
    """Stop this worker once its server has ended for any reason: the port must become free."""
    while os.getppid() == server:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(EXIT_TIMEOUT)
    os._exit(1)  # without its server, the shutdown of a worker may never complete


def _run_chores(server: int) -> None:
    """Run the process of the chores unless another worker does; restart it when it ends.

    Each server locks its own byte of the file; the lock is released when this worker ends.
    """
    from django.conf import settings

    command = [sys.executable, "-m", "badgeadmin.chores"]
    with (settings.VAR_DIR / "chores.lock").open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 1, server)
        while True:
            with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603
                process.wait()
            time.sleep(1)


def _close_idle(loop, slots) -> None:
    """Close the database connections that are not needed any more, periodically."""
    slots.close_idle(IDLE_CONNECTION_TIMEOUT)
    loop.call_later(IDLE_CONNECTION_TIMEOUT, _close_idle, loop, slots)
