"""A PostgreSQL of its own for a measurement: on loopback, with the durability it comes with."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "bench"
# Memory and room for the log alone: fsync, synchronous_commit and the like stay as they come.
SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 2GB
max_wal_size = 8GB
checkpoint_timeout = 15min
"""


@dataclass(frozen=True)
class Cluster:
    """A running server: its port, and the process that all others of it descend from."""

    port: int
    pid: int
    binaries: Path

    def url(self, database: str) -> str:
        return f"postgres://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, like: str = "template1") -> str:
        """Create a database, as a copy of one that nobody is connected to; return its URL."""
        self.run("createdb", "-T", like, database)
        return self.url(database)

    def run(self, program: str, *arguments: str, **kwargs) -> str:
        """Run one of PostgreSQL's own programs at this server; return what it prints."""
        command = [self.binaries / program, "-h", "127.0.0.1", "-p", str(self.port), "-U", USER]
        done = subprocess.run(
            [*command, *arguments], stdout=subprocess.PIPE, check=True, text=True, **kwargs
        )
        return done.stdout

    @property
    def version(self) -> str:
        """Return which PostgreSQL it is."""
        command = [self.binaries / "postgres", "--version"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def private(directory: Path | None = None) -> Iterator[Cluster]:
    """Run a cluster as long as the block lasts; it is made anew, and nothing of it is kept."""
    binaries = found_binaries()
    home = Path(tempfile.mkdtemp(prefix="badgeadmin-bench-", dir=directory))
    data, port = home / "data", free_port()
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
    try:
        as_postgres(binaries / "initdb", "-D", data, "-U", USER, "-A", "trust", "--locale=C.UTF-8")
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"{SETTINGS}unix_socket_directories = '{home}'\n")
        control = [binaries / "pg_ctl", "-D", data, "-w"]
        as_postgres(*control, "-o", f"-p {port}", "-l", home / "log", "start")
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        try:
            yield Cluster(port, pid, binaries)
        finally:
            as_postgres(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home)


def found_binaries() -> Path:
    """Return where the programs of PostgreSQL are; `PGBIN` names another place."""
    if named := os.environ.get("PGBIN"):
        return Path(named)
    config = shutil.which("pg_config")
    places = [Path(config).resolve().parent] if config else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists():
            return place
    sys.exit("PostgreSQL's initdb is needed; PGBIN names its directory.")


def as_postgres(*command) -> None:
    """Run a program that refuses to be run by root as the user that Debian's package makes."""
    before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*before, *map(str, command)], check=True, stdout=subprocess.DEVNULL)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
