"""The measured servers, as separate processes, and their CPU time."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.bench.cluster import free_port

PROCESSES = Path("/proc")
PROJECT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
SECONDS_TO_START = 180
SECONDS_TO_STOP = 60
SECONDS_TO_SETTLE = 120
# Settings that pass `check --deploy`, and the header that the required TLS proxy adds to each
# request.
SECRET_KEY = "of-a-measurement-that-nobody-else-reaches-0123456789"
SOUND = {"SECRET_KEY": SECRET_KEY, "HTTPS": "true"}
BY_HTTPS = {"X-Forwarded-Proto": "https"}


@dataclass
class Server:
    """The command of a server, with {port} in it; `path` is its earn endpoint."""

    name: str
    command: list[str]
    path: str
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path = PROJECT
    settle: Callable[[], None] = lambda: None

    def start(self, port: int) -> subprocess.Popen:
        return subprocess.Popen(
            [part.format(port=port) for part in self.command],
            env=os.environ | self.environment,
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}{self.path}"

    @contextmanager
    def running(self) -> Iterator["Running"]:
        port = free_port()
        process = self.start(port)
        try:
            self.wait_for(port, process)
            yield Running(self.url(port), process.pid, self.settle)
        finally:
            stop(process)

    def wait_for(self, port: int, process: subprocess.Popen) -> None:
        """Wait until the server responds with any status."""
        end = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < end and process.poll() is None:
            try:
                request = urllib.request.Request(self.url(port), headers=BY_HTTPS)
                urllib.request.urlopen(request, timeout=5)
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"{process.args} does not answer")


@dataclass(frozen=True)
class Running:
    """A running server: its earn endpoint, and its root process.

    `settle` waits until the server has finished the work that follows its responses.
    """

    url: str
    pid: int
    settle: Callable[[], None]


def environment(database_url: str, directory: Path) -> dict[str, str]:
    """Return the environment of a process with another database than that of Django's settings."""
    return os.environ | {
        "DATABASE_URL": database_url,
        "VAR_DIR": str(directory),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }


def product(database_url: str, directory: Path, *, seals: bool = True, workers: int = 2) -> Server:
    """Return this product with its own server and all features; `directory` is its VAR_DIR."""
    return Server(
        "BadgeAdmin" if seals else "BadgeAdmin, not sealing",
        [
            *(sys.executable, "manage.py", "serve"),
            *("--bind", "127.0.0.1:{port}", "--workers", str(workers)),
        ],
        "/api_gateway/v1/badges/customer/earn",
        {
            "DATABASE_URL": database_url,
            "VAR_DIR": str(directory),
            "DJANGO_SETTINGS_MODULE": "badgeadmin.settings",
        }
        | SOUND
        | ({} if seals else {"AUDIT_SEAL_SECONDS": "0"}),
        settle=lambda: until_sealed() if seals else None,
    )


def until_sealed() -> None:
    """Wait until every request in the database of Django's settings is sealed and counted."""
    from badges.models import RequestLog, Seal, SummaryCursor

    newest = RequestLog.objects.order_by("-pk").values_list("pk", flat=True).first()
    end = time.monotonic() + SECONDS_TO_SETTLE
    while time.monotonic() < end:
        counted = SummaryCursor.objects.filter(last_request__gte=newest).exists()
        if counted and Seal.objects.filter(last_request__gte=newest).exists():
            return
        time.sleep(0.2)
    raise RuntimeError("The request log is not sealed.")


def peer(directory: Path, python: str, port: int, database: str) -> Server:
    """Return the FastAPI service of the folder, with its single statement."""
    return Server(
        "FastAPI",
        [
            *(python, "-m", "uvicorn", "fastapi_app:app", "--workers", "2", "--port", "{port}"),
            *("--log-level", "error", "--no-access-log", "--loop", "uvloop", "--http", "httptools"),
        ],
        "/earn",
        {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": "bench",
            "PGDATABASE": database,
            "EARN_DB": "func",
        },
        directory / "peers",
    )


def stop(process: subprocess.Popen) -> None:
    """Stop a server, and wait until its descendants have ended: their directory may go next."""
    processes = _processes()
    below = [
        pid for pid in processes if pid != process.pid and _descends(pid, process.pid, processes)
    ]
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    end = time.monotonic() + SECONDS_TO_STOP
    while any((PROCESSES / str(pid)).exists() for pid in below):
        if time.monotonic() > end:
            raise RuntimeError(f"{process.args} has left processes behind: {below}")
        time.sleep(0.02)


def cpu_seconds(root: int) -> float:
    """Return the CPU seconds of a process and its descendants, including ended ones."""
    processes = _processes()
    below = (pid for pid in processes if _descends(pid, root, processes))
    return sum(processes[pid].ticks for pid in below) / TICKS


class _Process(NamedTuple):
    parent: int
    ticks: int


def _processes() -> dict[int, _Process]:
    """Return every process of the machine by its id."""
    found = {}
    for entry in PROCESSES.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # the process has ended
        found[int(entry.name)] = _Process(int(fields[1]), sum(map(int, fields[11:15])))
    return found


def _descends(pid: int, root: int, processes: dict[int, _Process]) -> bool:
    while pid and pid != root:
        pid = processes[pid].parent if pid in processes else 0
    return pid == root
