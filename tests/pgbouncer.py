"""Run PgBouncer in transaction mode in front of a PostgreSQL while a command runs.

    DATABASE_URL=postgres://... python -m tests.pgbouncer COMMAND [ARGUMENT ...]

The DATABASE_URL of the command leads through PgBouncer (Debian: pgbouncer) to the server of the
given URL, for every database. Exits with the exit code of the command.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

SECONDS_TO_START = 60
SECONDS_TO_STOP = 60
# Idle server sessions are closed soon, because a test database is dropped at the end. A restarted
# server is noticed quickly. A client waits at most `query_wait_timeout` seconds for a session.
CONFIGURATION = """
[databases]
* = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {home}/users
pool_mode = transaction
max_client_conn = 1000
default_pool_size = {sessions}
server_idle_timeout = {idle}
server_login_retry = 0.2
query_wait_timeout = 10
logfile = {home}/log
"""


def program() -> str | None:
    """Return the path of PgBouncer, or None."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pooled(url: str, *, sessions: int = 20, idle: int = 1) -> Iterator[str]:
    """Run PgBouncer in front of the server of a DATABASE_URL, and yield the URL through it.

    Each database gets at most `sessions` server sessions, which end after `idle` idle seconds.
    """
    direct = urlsplit(url)
    user = unquote(direct.username or os.environ.get("USER", "root"))
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="badgeadmin-pgbouncer-") as directory:
        home = Path(directory)
        configuration = CONFIGURATION.format(
            server=_server(direct), port=port, home=home, sessions=sessions, idle=idle
        )
        (home / "pgbouncer.ini").write_text(configuration)
        (home / "users").write_text(f'"{user}" "{unquote(direct.password or "")}"\n')
        with _running(home, port):
            yield direct._replace(netloc=f"{user}@127.0.0.1:{port}").geturl()


def _server(direct) -> str:
    """Return the server's connection parameters. On the socket, peer authentication is used."""
    if direct.hostname:
        return f"host={direct.hostname} port={direct.port or 5432}"
    return "user=postgres" if os.geteuid() == 0 else ""


@contextmanager
def _running(home: Path, port: int) -> Iterator[None]:
    identity = {}
    if os.geteuid() == 0:  # PgBouncer refuses to run as root
        identity = {"user": "postgres", "group": "postgres", "extra_groups": []}
        for path in (home, *home.iterdir()):
            shutil.chown(path, "postgres", "postgres")
    command = [program() or sys.exit("PgBouncer is needed."), "-q", str(home / "pgbouncer.ini")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **identity)
    try:
        _wait_for(port, process, home / "log")
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_STOP)
        process.kill()
        process.wait(SECONDS_TO_STOP)


def _wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PgBouncer does not answer: {log.read_text() if log.exists() else ''}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with pooled(os.environ["DATABASE_URL"]) as url:
        return subprocess.run(sys.argv[1:], env=os.environ | {"DATABASE_URL": url}).returncode


if __name__ == "__main__":
    sys.exit(main())
