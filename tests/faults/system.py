"""The system under test: a database, the product's server, and a proxy for clients."""

import os
import random
import signal
import socket
import socketserver
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from tests.bench import scene
from tests.bench.cluster import Cluster, free_port
from tests.bench.servers import Server, product, stop

LIMIT_OF_ONE, LIMIT_OF_ALL = 2, 400


@dataclass(frozen=True, kw_only=True)
class Made:
    """The credentials of the clients, and a badge of each kind."""

    authorization: str
    plain: str
    of_each: str
    of_all: str

    @property
    def kinds(self) -> list[str]:
        return [self.plain, self.plain, self.of_each, self.of_all]


@dataclass
class System:
    """A running system. Clients connect to the server, or to the `cutter` in front of it."""

    server: Server
    made: Made
    cluster: Cluster | None
    disk: Path
    port: int
    process: subprocess.Popen
    cutter: "Cutter | None" = None
    clock: Path | None = None  # the file with the offset of the server's clock, if it can be skewed

    @property
    def address(self) -> tuple[str, int]:
        return self.cutter.server_address if self.cutter else ("127.0.0.1", self.port)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def restart(self) -> None:
        """Stop the server gracefully, and start it on the same port."""
        stop(self.process)
        self.process = self.server.start(self.port)

    def workers(self) -> list[int]:
        """Return the processes that handle requests: children of the server's root process."""
        return workers_of(self.process.pid)

    def memory(self) -> float:
        """Return the resident memory of the processes that handle requests, in megabytes."""
        return sum(_resident(pid) for pid in self.workers()) / 1024

    def time(self) -> float:
        """Return the server's current time in seconds since 1970."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz/live") as answer:
            return parsedate_to_datetime(answer.headers["Date"]).timestamp()

    def chores(self) -> list[int]:
        """Return the processes that count and seal: children of a worker."""
        below = [pid for worker in self.workers() for pid in children(worker)]
        return [pid for pid in below if b"badgeadmin.chores" in _command(pid)]


@contextmanager
def started(
    made: Made,
    url: str,
    directory: Path,
    cluster: Cluster | None,
    disk: Path,
    *,
    cuts: float = 0,
    skewed: bool = False,
) -> Iterator[System]:
    """Start the server with all features."""
    server, port = product(url, directory), free_port()
    clock = directory / "clock" if skewed else None
    if clock:
        clock.write_text("+0")
        server.environment |= with_clock(clock)
    process = server.start(port)
    system = System(server, made, cluster, disk, port, process, clock=clock)
    try:
        server.wait_for(port, process)
        if cuts:
            system.cutter = Cutter(system.address, cuts)
        yield system
    finally:
        stop(system.process)


def with_clock(file: Path) -> dict[str, str]:
    """Return the environment of a process whose clock has the offset in a file."""
    return {
        "LD_PRELOAD": "/usr/$LIB/faketime/libfaketimeMT.so.1",
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def prepared() -> Made:
    """Create an integrator, and badges whose limits are reached during the test."""
    from django.db import connections

    from badges.models import Limit, LimitKind, LimitLevel

    authorization, origin = scene.caller()
    each = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, LIMIT_OF_ONE)
    everybody = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, LIMIT_OF_ALL)
    made = Made(
        authorization=authorization,
        plain=scene.badge(origin),
        of_each=scene.badge(origin, limits=[each]),
        of_all=scene.badge(origin, limits=[everybody]),
    )
    connections.close_all()
    return made


def workers_of(server: int) -> list[int]:
    """Return the processes that handle requests. Raises RuntimeError when there are none.

    `multiprocessing` has spawned them. Another child of the server tracks their shared resources.
    """
    workers = [pid for pid in children(server) if b"spawn_main" in _command(pid)]
    if not workers:
        raise RuntimeError(f"The server {server} has no worker processes.")
    return workers


def children(pid: int) -> list[int]:
    """Return the child processes of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # the process has ended
            if parent == pid:
                found.append(int(entry.name))
    return found


def kill(pid: int) -> None:
    """Send SIGKILL to a process. Do nothing if it has ended."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _command(pid: int) -> bytes:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def _resident(pid: int) -> int:
    """Return the resident memory of a process in kilobytes."""
    status = (Path("/proc") / str(pid) / "status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)


class Cutter(socketserver.ThreadingTCPServer):
    """A proxy that closes some connections after the server's response: the response is lost.

    The server has committed by then, but the client does not know.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, behind: tuple[str, int], share: float):
        super().__init__(("127.0.0.1", 0), _Relay)
        self.behind, self.share, self.cut = behind, share, 0
        self.chance = random.Random(share)  # noqa: S311
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Relay(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with socket.create_connection(self.server.behind) as upstream:
            threading.Thread(target=_pump, args=(self.request, upstream), daemon=True).start()
            while data := upstream.recv(65536):
                if self.server.chance.random() < self.server.share:
                    self.server.cut += 1
                    return
                self.request.sendall(data)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the other side has closed the connection
