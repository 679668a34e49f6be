"""The CPU that each layer of the earn path saves, by earns with that layer removed.

The earns are made in this process without a server, so that the figures are meaningful on a busy
machine too. They are the CPU of this process and of PostgreSQL, without the work that follows.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import ClassVar

from tests.bench import limit, load, scene
from tests.bench.cluster import Cluster
from tests.bench.earns import FILLED
from tests.bench.load import MICROSECONDS
from tests.bench.report import Goal, median

PLAIN, BATCH, LIST = "earn", "earns in batches", "list of earns"
EACH_LIMITED = "earn, with a limit for each customer"
ALL_LIMITED = "earns at the same time, one badge with a limit for all"
EARNS = 512  # of a sample
BATCH_SIZE, THREADS = 32, 16
# The works that each layer is measured with. "nothing" is no layer, and shows the noise.
LAYERS = {
    "nothing": [PLAIN, BATCH, EACH_LIMITED, ALL_LIMITED, LIST],
    "middleware": [PLAIN],
    "fast_path_of_service": [PLAIN],
    "libpq_cursor": [PLAIN, BATCH],
    "prepared_statements": [PLAIN, BATCH, EACH_LIMITED],
    "definition_cache": [PLAIN, BATCH],
    "locked_insert_of_fast_path": [EACH_LIMITED, ALL_LIMITED],
    "pipeline": [EACH_LIMITED, ALL_LIMITED],
    "group_commit": [ALL_LIMITED],
    "bulk_insert": [LIST],
}
NANOSECONDS = 1_000_000_000

numbers = count(1)  # unused customer ids and request ids


@dataclass(frozen=True, kw_only=True)
class Saved:
    """The medians of one work without a layer, in microseconds of CPU for each earn."""

    HEAD: ClassVar = ("without", "work", "us", "complete, us", "saved us", "saved %", "quartiles")

    layer: str
    what: str
    cpu: float
    complete: float
    saved: float
    low: float
    high: float

    @classmethod
    def of(cls, key: tuple[str, str], pairs: Sequence[tuple[float, float]]) -> "Saved":
        layer, what = key
        parts = sorted(1 - complete / without for without, complete in pairs)
        return cls(
            layer=layer,
            what=what,
            cpu=median(without for without, _complete in pairs),
            complete=median(complete for _without, complete in pairs),
            saved=median(parts),
            low=parts[len(parts) // 4],
            high=parts[-1 - len(parts) // 4],
        )

    @property
    def cells(self) -> Sequence[str]:
        return [
            *(self.layer, self.what, f"{self.cpu:,.0f}", f"{self.complete:,.0f}"),
            *(f"{self.saved * self.cpu:,.0f}", f"{self.saved:.1%}"),
            f"{self.low:.1%} to {self.high:.1%}",
        ]


def measured(cluster: Cluster, arguments) -> tuple[list[Saved], list[Goal]]:
    """Measure the works with and without each layer, in alternating rounds."""
    from tests.bench import removals

    works = prepared_works(cluster)
    pairs = defaultdict(list)
    for turn in range(arguments.rounds + 1):
        for what, work in works.items():
            complete = cpu_of(work, cluster)
            for layer in (layer for layer in LAYERS if what in LAYERS[layer]):
                with getattr(removals, layer)():
                    without = cpu_of(work, cluster)
                if turn:  # the first round is a warm-up
                    pairs[layer, what].append((without, complete))
    return [Saved.of((layer, what), pairs[layer, what]) for layer, what in sorted(pairs)], []


def prepared_works(cluster: Cluster) -> dict[str, Callable[[], Callable]]:
    """Prepare the database. Return the works: each prepares its input and returns its function."""
    from badgeadmin.wsgi import application
    from badges.models import Integrator

    made = scene.prepared()
    script = limit.statement(made.plain, Integrator.objects.get().pk)
    load.pgbench_times(cluster, "product", script, FILLED)
    cluster.run("psql", "-qX", "-d", "product", "-c", "VACUUM ANALYZE")
    pool = ThreadPoolExecutor(THREADS)

    def one_by_one(badges):
        requests = list(_requests(made, badges))
        return lambda: [_answer(application, request) for request in requests]

    def together(badges):
        requests = list(_requests(made, badges))
        return lambda: list(pool.map(lambda request: _answer(application, request), requests))

    def in_batches(badges):
        requests = list(_requests(made, badges))
        starts = range(0, EARNS, BATCH_SIZE)
        return lambda: [
            _check(application.answers(requests[start : start + BATCH_SIZE])) for start in starts
        ]

    return {
        PLAIN: lambda: one_by_one(made.plain),
        BATCH: lambda: in_batches(made.plain),
        EACH_LIMITED: lambda: one_by_one([made.each_limited]),
        ALL_LIMITED: lambda: together([made.all_limited]),
        LIST: lambda: lambda: _earn_list(made.plain[0]),
    }


def cpu_of(work: Callable[[], Callable], cluster: Cluster) -> float:
    """Return the microseconds of CPU that a work takes for each earn, here and in PostgreSQL."""
    run = work()
    database, own = _cpu_of_database(cluster), time.process_time()
    run()
    own = time.process_time() - own
    spent = {pid: cpu - database.get(pid, 0) for pid, cpu in _cpu_of_database(cluster).items()}
    return (own + sum(spent.values()) / NANOSECONDS) / EARNS * MICROSECONDS


def _cpu_of_database(cluster: Cluster) -> dict[str, int]:
    """Return the nanoseconds of each process of PostgreSQL; `cpu_seconds` has only ticks."""
    pids = Path(f"/proc/{cluster.pid}/task/{cluster.pid}/children").read_text().split()
    return {pid: int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids}


def _requests(made: scene.Scene, badges: Sequence[str]) -> Iterator[dict]:
    """Yield EARNS requests as WSGI environments."""
    from django.test import RequestFactory
    from django.urls import reverse

    factory, path = RequestFactory(), reverse("customer-earn")
    owner_type, reference_id = scene.OWNER
    for _number in range(EARNS):
        number = next(numbers)
        body = {
            "badgeMetaId": badges[number % len(badges)],
            "customerId": number,
            "requestId": f"layers-{number}",
            "earnEventDate": "2026-01-15T10:00:00Z",
            "triggeredBy": {"ownerType": owner_type, "referenceId": reference_id},
        }
        headers = {"Authorization": made.authorization, "Host": "localhost"}
        content = json.dumps(body).encode()
        request = factory.generic("POST", path, content, "application/json", headers=headers)
        yield request.environ | {"wsgi.input": BytesIO(content)}


def _answer(application: Callable, environ: dict) -> None:
    """Call the WSGI application as a server does. Raise RuntimeError on a refusal."""
    statuses = []
    chunks = application(environ, lambda status, _headers, *_more: statuses.append(status))
    body = b"".join(chunks)
    getattr(chunks, "close", lambda: None)()
    if statuses != ["200 OK"]:
        raise RuntimeError(f"An earn was answered with {statuses}: {body}")


def _check(answers: Sequence[bytes | None]) -> None:
    if None in answers:
        raise RuntimeError("An earn of a batch was declined.")


def _earn_list(badge_id: str) -> None:
    from badges.models import Channel, Owner
    from badges.services.earning.earn import earn_badges
    from badges.services.request_log import Origin

    result = earn_badges(
        origin=Origin(channel=Channel.API),
        request_id=f"layers-list-{next(numbers)}",
        customer_ids=[next(numbers) for _number in range(EARNS)],
        badge_id=badge_id,
        owner=Owner(*scene.OWNER),
    )
    if result.refused:
        raise RuntimeError("A list was refused.")
