"""The production server as a process: it listens, and supervises its workers.

python -m badgeadmin.server --host HOST --port PORT --workers N
"""

import argparse
import resource
import time

from uvicorn import Config
from uvicorn.supervisors import Multiprocess

BACKLOG = 2_048
KEEP_ALIVE_TIMEOUT = 30
SHUTDOWN_TIMEOUT = 10
# A worker that does not respond to its supervisor for this long is restarted.
HEALTHCHECK_TIMEOUT = 20
MAX_FILES = 65_536


class Supervisor(Multiprocess):
    """uvicorn's supervisor, with a limit on the time that workers may take to stop."""

    def join_all(self) -> None:
        end = time.monotonic() + SHUTDOWN_TIMEOUT + 5
        for worker in self.processes:
            worker.process.join(max(0, end - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def main() -> None:
    """Serve until a signal stops the process."""
    arguments = parse_arguments()
    allow_many_connections()
    config = Config(
        "badgeadmin.worker:application",
        factory=True,
        interface="asgi3",
        host=arguments.host,
        port=arguments.port,
        workers=arguments.workers,
        loop="uvloop",
        http="badgeadmin.server.protocol:Protocol",
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_TIMEOUT,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
        timeout_worker_healthcheck=HEALTHCHECK_TIMEOUT,
    )
    Supervisor(config, sockets=[config.bind_socket()]).run()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    return parser.parse_args()


def allow_many_connections() -> None:
    """Raise the limit of open files, of this process and its workers, to at most MAX_FILES."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


if __name__ == "__main__":
    main()
