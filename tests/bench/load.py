"""Load on a server or a database, and the cost of one request."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cluster import Cluster
from tests.bench.servers import Running, cpu_seconds

SCRIPT = Path(__file__).with_name("earn.lua")
CUSTOMERS = 50_000_000
MICROSECONDS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One round: requests per second, milliseconds of latency, microseconds of CPU per request."""

    rate: float
    p50: float
    p99: float
    server_cpu: float
    database_cpu: float

    @property
    def cpu(self) -> float:
        return self.server_cpu + self.database_cpu


@dataclass(frozen=True, kw_only=True)
class Wrk:
    """The arguments of wrk: earns of some badges by one caller."""

    authorization: str
    badges: Sequence[str]
    customers: int = CUSTOMERS

    def at(self, server: Running, cluster: Cluster, connections: int, seconds: int) -> Sample:
        """Return a sample of a server with these connections. Raise RuntimeError on a refusal."""
        command = [
            *(needed("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"),
            *("-s", str(SCRIPT), server.url, "--", str(time.time_ns()), self.authorization),
            *(str(self.customers), *self.badges),
        ]

        def run():
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            result = json.loads(done.stdout.partition("RESULT ")[2].splitlines()[0])
            if result["refused"] or result["broken"]:
                raise RuntimeError(f"{server.url} did not answer as it should: {result}")
            rate = result["requests"] / result["seconds"]
            return result["requests"], rate, result["p50"] / 1000, result["p99"] / 1000

        return sampled(run, cluster, server)


def pgbench(cluster: Cluster, database: str, script: str, connections: int, seconds: int) -> Sample:
    """Return a sample of a statement that pgbench sends straight to PostgreSQL."""

    def run():
        log = _pgbench(cluster, database, script, "-c", str(connections), "-T", str(seconds))
        words = {line.partition(" = ")[0]: line.partition(" = ")[2] for line in log.splitlines()}
        number = int(_after(log, "number of transactions actually processed: "))
        rate = float(words["tps"].split()[0])
        latency = float(words["latency average"].split()[0])
        return number, rate, latency, float("nan")

    return sampled(run, cluster)


def pgbench_times(cluster: Cluster, database: str, script: str, times: int) -> None:
    """Run a statement `times` times, over a few connections."""
    connections = 8
    _pgbench(cluster, database, script, "-c", str(connections), "-t", str(times // connections))


def _pgbench(cluster: Cluster, database: str, script: str, *arguments: str) -> str:
    common = ("-n", "-M", "prepared", "-f", "-")
    return cluster.run("pgbench", *common, *arguments, database, input=script)


def sampled(run: Callable[[], tuple], cluster: Cluster, server: Running | None = None) -> Sample:
    """Measure the CPU of a function that returns requests, rate, p50 and p99.

    The measurement begins when the server is idle, and includes its background work for these
    requests.
    """
    settle = server.settle if server else lambda: None
    roots = {"database": cluster.pid} | ({"server": server.pid} if server else {})
    settle()
    before = {name: cpu_seconds(root) for name, root in roots.items()}
    number, rate, p50, p99 = run()
    settle()
    each = {
        name: (cpu_seconds(root) - before[name]) / number * MICROSECONDS
        for name, root in roots.items()
    }
    return Sample(
        rate=rate,
        p50=p50,
        p99=p99,
        server_cpu=each.get("server", 0),
        database_cpu=each["database"],
    )


def needed(program: str) -> str:
    return shutil.which(program) or sys.exit(f"{program} is needed for this measurement.")


def _after(text: str, words: str) -> str:
    return text.partition(words)[2].split("/")[0].splitlines()[0].strip()
