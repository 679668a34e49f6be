"""Earns on SQLite, compared with the same two inserts by Python's driver, one writer at a time."""

import secrets
import shutil
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.bench import scene
from tests.bench.cluster import Cluster
from tests.bench.earns import PRODUCT, WARM_UP
from tests.bench.limit import BYTES_OF_CONTENT
from tests.bench.load import MICROSECONDS, Sample, Wrk
from tests.bench.report import Goal, Measured, median
from tests.bench.servers import Running, product

WHAT, DRIVER = "earn on SQLite", "SQLite alone"
CONNECTIONS = (1, 8)
PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"
REQUEST = """
INSERT INTO badges_requestlog (operation, channel, request_id, fingerprint, content, reason,
    badge_id, customer_id, outcome, errors, received_at, recorded_at)
VALUES ('EARN', 'API', ?, ?, ?, '', ?, ?, 'ACCEPTED', '[]', ?, ?)
"""
FACT = """
INSERT INTO badges_earnedbadge (id, badge_id, customer_id, event_at, expires_at, owner_type,
    reference_id, request_id, earned_at)
VALUES (?, ?, ?, ?, '2126-01-15 00:00:00', 'Loyalty', '123694', ?, ?)
"""
EVENT_AT = "2026-01-15 10:00:00"


def measured(cluster: Cluster, arguments) -> tuple[list[Measured], list[Goal]]:
    """Measure the product and the driver in turn, each with its own file."""
    samples = defaultdict(list)
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        ours, theirs = home / "ours.sqlite3", home / "theirs.sqlite3"
        made = scene.prepared_in(f"sqlite:///{ours}", home)
        shutil.copy(ours, theirs)
        # `until_sealed` would read the database of Django's settings, which is another one.
        ours_served = product(f"sqlite:///{ours}", home, workers=1)
        server = replace(ours_served, settle=lambda: None)
        for _turn in range(arguments.rounds):
            with server.running() as running:
                for key, sample in _earned(running, made, cluster, arguments.seconds):
                    samples[key].append(sample)
            samples[WHAT, DRIVER, 1].append(_driven(theirs, made, arguments.seconds))
    rows = [Measured.of(key, found) for key, found in sorted(samples.items())]
    return rows, list(_goals(samples))


def _earned(running: Running, made: scene.Scene, cluster: Cluster, seconds: int) -> Iterator[tuple]:
    wrk = Wrk(authorization=made.authorization, badges=made.plain)
    wrk.at(running, cluster, 1, WARM_UP)
    for connections in CONNECTIONS:
        sample = wrk.at(running, cluster, connections, seconds)
        yield (WHAT, PRODUCT, connections), replace(sample, database_cpu=0)


def _driven(file: Path, made: scene.Scene, seconds: int) -> Sample:
    """Write with the durability of the product: each pair in a transaction, on disk at its end."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.executescript(PRAGMAS)
    number, began, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        _insert(connection.execute, made.plain[number % len(made.plain)])
        number += 1
    taken, used = time.perf_counter() - began, time.process_time() - used
    connection.close()
    each = taken / number * 1000
    cpu = used / number * MICROSECONDS
    return Sample(rate=number / taken, p50=each, p99=float("nan"), server_cpu=cpu, database_cpu=0)


def _insert(execute: Callable, badge_id: str) -> None:
    customer_id = secrets.randbelow(50_000_000) + 1
    content = "x" * BYTES_OF_CONTENT
    values = [secrets.token_hex(16), "f" * 64, content, badge_id, customer_id, EVENT_AT, EVENT_AT]
    execute("BEGIN IMMEDIATE")
    request_id = execute(REQUEST, values).lastrowid
    execute(FACT, [secrets.token_hex(12), badge_id, customer_id, EVENT_AT, request_id, EVENT_AT])
    execute("COMMIT")


def _goals(samples: dict) -> Iterator[Goal]:
    alone = samples[WHAT, DRIVER, 1]
    for connections, minimum in zip(CONNECTIONS, (None, 0.5), strict=True):
        pairs = zip(samples[WHAT, PRODUCT, connections], alone, strict=True)
        ratio = median(mine.rate / theirs.rate for mine, theirs in pairs)
        yield Goal(
            f"earns/s against SQLite alone, {connections} connections", ratio, minimum=minimum
        )
