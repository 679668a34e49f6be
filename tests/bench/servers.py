"""The servers that are measured, as processes of their own, and what they cost."""

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

from tests.bench.cluster import free_port

PROJECT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
SECONDS_TO_START = 60
SECONDS_TO_STOP = 20
SECONDS_TO_SETTLE = 120


@dataclass
class Server:
    """How to run a server: a command with {port} in it; `path` is where it takes earns."""

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
        """Wait until it answers, whatever it is."""
        end = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < end and process.poll() is None:
            try:
                urllib.request.urlopen(self.url(port), timeout=5)
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"{process.args} does not answer")


@dataclass(frozen=True)
class Running:
    """A server that answers: where it takes earns, and the process all others descend from.

    `settle` waits until it has done everything that it does after the answers.
    """

    url: str
    pid: int
    settle: Callable[[], None]


def environment(database_url: str, directory: Path) -> dict[str, str]:
    """Return the environment of a process on another database than that of Django's settings."""
    return os.environ | {
        "DATABASE_URL": database_url,
        "VAR_DIR": str(directory),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }


def product(database_url: str, directory: Path, *, seals: bool = True, workers: int = 2) -> Server:
    """Return this product under its own server, with everything on; `directory` is its VAR_DIR."""
    return Server(
        "BadgeAdmin" if seals else "BadgeAdmin, not sealing",
        [
            *(sys.executable, "manage.py", "serve"),
            *("--bind", "127.0.0.1:{port}", "--workers", str(workers)),
        ],
        "/api_gateway/v1/badges/customer/earn",
        {
            "DATABASE_URL": database_url,
            "SECRET_KEY": "of-a-measurement",
            "VAR_DIR": str(directory),
            "DJANGO_SETTINGS_MODULE": "badgeadmin.settings",
        }
        | ({} if seals else {"AUDIT_SEAL_SECONDS": "0"}),
        settle=lambda: until_sealed() if seals else None,
    )


def until_sealed() -> None:
    """Wait until every request is sealed and counted, in the database of Django's settings."""
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
    """Return the FastAPI service of the bench's folder, with its single statement."""
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
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def cpu_seconds(root: int) -> float:
    """Return what a process and all below it have used so far, with those that have ended."""
    parents, used = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(entry.name)] = int(fields[1])
        used[int(entry.name)] = sum(map(int, fields[11:15]))
    return sum(used[pid] for pid in used if _descends(pid, root, parents)) / TICKS


def _descends(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid and pid != root:
        pid = parents.get(pid, 0)
    return pid == root
