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
    """A server: its port, and the directory below which everything of it is kept."""

    port: int
    home: Path
    binaries: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def pid(self) -> int:
        """The process that all others of it descend from."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    @property
    def is_running(self) -> bool:
        try:
            self.run("psql", "-qXc", "SELECT 1", "postgres", stderr=subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            return False
        return True

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        log = ("-o", f"-p {self.port}", "-l", self.home / "log")
        as_postgres(self.binaries / "pg_ctl", "-D", self.data, "-w", *log, "start")

    def stop(self) -> None:
        """Stop it without a word to anybody."""
        as_postgres(self.binaries / "pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

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
def private(directory: Path | None = None, settings: str = "") -> Iterator[Cluster]:
    """Run a cluster as long as the block lasts; it is made anew, and nothing of it is kept."""
    home = Path(tempfile.mkdtemp(prefix="badgeadmin-bench-", dir=directory))
    cluster = Cluster(free_port(), home, found_binaries())
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
    try:
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
