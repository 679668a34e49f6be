"""The production server as a separate process, on the database of the tests."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.db import connection

from tests.waiting import TIMEOUT, wait_until

SMALL_BUFFER = 4_096
SMALL_SEGMENT = 1_000
TOKEN = "t" * 32


def database_url():
    """Return the URL of the test database."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    who = quote(found["USER"] or "", safe="")
    if found["PASSWORD"]:
        who += ":" + quote(found["PASSWORD"], safe="")
    host = quote(found["HOST"] or "", safe="")
    return f"postgres://{who}@{host}:{found['PORT'] or 5432}/{found['NAME']}"


@contextmanager
def serving(directory):
    """Run the server with one worker and yield it. Stop all of its processes afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = "{}:{}".format(*probe.getsockname())
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.commands.settings",
        "DATABASE_URL": database_url(),
        "STATIC_ROOT": str(directory / "static"),
        "VAR_DIR": str(directory / "var"),
        "SECRET_KEY": settings.SECRET_KEY,
        "AUDIT_SEAL_SECONDS": "0",
    }
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    command = [*manage, "serve", f"--bind={address}", "--workers=1"]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:  # noqa: S603
        server = Server(process, address)
        try:
            wait_until(lambda: fetch(address, "/healthz"))
            yield server
        finally:
            server.kill()


@dataclass(frozen=True)
class Server:
    """A running server, and requests of one user to it."""

    process: subprocess.Popen
    address: str

    @property
    def workers(self) -> list[int]:
        """Return the workers without the other child processes."""
        found = []
        for child in workers_of(self.process):
            with suppress(FileNotFoundError, ProcessLookupError):
                if b"spawn_main" in (child / "cmdline").read_bytes():
                    found.append(int(child.name))
        return found

    def kill(self) -> None:
        """Kill the server and all of its processes, as a power failure would."""
        workers = workers_of(self.process)
        chores = [child for worker in workers for child in children_of(worker)]
        self.process.kill()
        self.process.wait(TIMEOUT)
        for each in [*workers, *chores]:
            with suppress(ProcessLookupError):
                os.kill(int(each.name), signal.SIGKILL)
        wait_until(lambda: not any(each.exists() for each in [*workers, *chores]))

    def ask(self, method, path, cookies):
        """Return the response to a request. Small buffers keep the server from sending ahead."""
        host, port = self.address.split(":")
        waiting = socket.socket()
        waiting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        waiting.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
        waiting.settimeout(TIMEOUT)
        waiting.connect((host, int(port)))
        client = HTTPConnection(host, int(port))
        client.sock = waiting
        pairs = {**cookies, settings.CSRF_COOKIE_NAME: TOKEN}
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in pairs.items()),
            "X-CSRFToken": TOKEN,
            "Connection": "close",  # so that the response owns the connection
        }
        client.request(method, path, headers=headers)
        return client.getresponse()


def rest_of(answer):
    """Return the rest of a body, or None if it is truncated."""
    try:
        return answer.read()
    except (HTTPException, ConnectionError):
        return None
    finally:
        answer.close()


def fetch(address, path):
    try:
        with urlopen(f"http://{address}{path}", timeout=TIMEOUT) as response:
            return response.read().decode()
    except URLError:
        return None


def workers_of(process):
    return children_of(Path("/proc", str(process.pid)))


def children_of(process):
    """Return the children of a process, started by any of its threads."""
    if not Path("/proc/self/task").exists():
        pytest.skip("The workers of a process are known on Linux alone")
    with suppress(FileNotFoundError, ProcessLookupError):  # the process may have ended
        lists = [thread / "children" for thread in (process / "task").iterdir()]
        return [Path("/proc", pid) for pids in lists for pid in pids.read_text().split()]
    return []
