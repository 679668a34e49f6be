"""A PostgreSQL cluster for a benchmark, on loopback, with default durability."""

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
# Only memory and the size of the log differ from the defaults; fsync and synchronous_commit do not.
SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 2GB
max_wal_size = 8GB
checkpoint_timeout = 15min
"""


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL server: its port, and the directory with all of its files."""

    port: int
    home: Path
    binaries: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def pid(self) -> int:
        """Return the id of the root process."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    @property
    def is_running(self) -> bool:
        try:
            self.run("psql", "-qXc", "SELECT 1", "postgres", stderr=subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            return False
        return True

    def start(self) -> None:
        """Start the server, and return when it accepts connections."""
        log = ("-o", f"-p {self.port}", "-l", self.home / "log")
        as_postgres(self.binaries / "pg_ctl", "-D", self.data, "-w", *log, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server, by default without notice to clients and without a checkpoint."""
        as_postgres(self.binaries / "pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def url(self, database: str) -> str:
        return f"postgres://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, like: str = "template1") -> str:
        """Create a database as a copy of an unused one. Return its URL."""
        self.run("createdb", "-T", like, database)
        return self.url(database)

    def run(self, program: str, *arguments: str, **kwargs) -> str:
        """Run a program of PostgreSQL against this server. Return its output."""
        command = [self.binaries / program, "-h", "127.0.0.1", "-p", str(self.port), "-U", USER]
        done = subprocess.run(
            [*command, *arguments], stdout=subprocess.PIPE, check=True, text=True, **kwargs
        )
        return done.stdout

    @property
    def version(self) -> str:
        """Return the version of PostgreSQL."""
        command = [self.binaries / "postgres", "--version"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def private(
    directory: Path | None = None, settings: str = "", *, like: Path | None = None
) -> Iterator[Cluster]:
    """Run a temporary cluster for the duration of the block.

    It is new, or a copy of the data directory of a cluster that has been shut down.
    """
    home = Path(tempfile.mkdtemp(prefix="badgeadmin-bench-", dir=directory))
    cluster = Cluster(free_port(), home, found_binaries())
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
    try:
        if like:
            as_postgres("cp", "-a", like, cluster.data)
        else:
            initdb = (cluster.binaries / "initdb", "-D", cluster.data, "-U", USER, "-A", "trust")
            as_postgres(*initdb, "--locale=C.UTF-8")
        with (cluster.data / "postgresql.conf").open("a") as file:
            file.write(f"{SETTINGS}unix_socket_directories = '{home}'\n{settings}\n")
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(home)


def found_binaries() -> Path:
    """Return the directory of PostgreSQL's programs; `PGBIN` overrides it."""
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
    """Run a program that refuses to run as root as the user `postgres` of Debian's package."""
    before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*before, *map(str, command)], check=True, stdout=subprocess.DEVNULL)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
