"""The earn endpoint, compared with a hand-written service and with PostgreSQL's own limit."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests import pgbouncer
from tests.bench import limit, load, scene
from tests.bench.cluster import Cluster
from tests.bench.load import Sample, Wrk
from tests.bench.report import Goal, Measured, median
from tests.bench.servers import Server, peer, product

CONNECTIONS = (1, 8, 32)
MANY = CONNECTIONS[-1]
WARM_UP = 2  # seconds per work
FILLED = 50_000  # earns that exist before the first measurement
PEER_BADGES = [f"{number:024d}" for number in range(1, 101)]
PEER_CALLER = "Basic YmVuY2g6YmVuY2gtc2VjcmV0"
PRODUCT, UNSEALED = "BadgeAdmin", "BadgeAdmin, not sealing"
POOLED = "BadgeAdmin, through PgBouncer"
PEER, LIMIT = "FastAPI", "PostgreSQL alone"


@dataclass(frozen=True, kw_only=True)
class Work:
    """One row of the table. The `key` is the operation, the party and the number of connections."""

    what: str
    who: str
    connections: int
    sample: Callable[..., Sample]

    @property
    def key(self) -> tuple[str, str, int]:
        return self.what, self.who, self.connections


@dataclass(frozen=True, kw_only=True)
class Participant:
    """A party of the comparison: the server to start, if any, and its works."""

    server: Server | None
    works: list[Work]


def measured(cluster: Cluster, arguments) -> tuple[list[Measured], list[Goal]]:
    """Measure all parties in alternating rounds. Return the medians and the goals."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        participants = list(_participants(cluster, Path(directory), arguments, stack))
        samples = defaultdict(list)
        for turn in range(arguments.rounds):
            shift = turn % len(participants)
            for participant in participants[shift:] + participants[:shift]:
                for key, sample in _round(participant, cluster, arguments.seconds):
                    samples[key].append(sample)
    rows = [Measured.of(key, found) for key, found in sorted(samples.items())]
    return rows, list(_goals(samples))


def _participants(
    cluster: Cluster, directory: Path, arguments, stack: ExitStack
) -> Iterator[Participant]:
    from django.db import connections

    from badges.models import Integrator

    made = scene.prepared()
    script = limit.statement(made.plain, Integrator.objects.get().pk)
    _fill(cluster, "product", script)
    ours = product(cluster.url("product"), directory)
    with ours.running() as running:
        scene.check(running.url, made)
        running.settle()
    yield Participant(server=ours, works=list(_works_of_product(made, PRODUCT)))
    connections.close_all()
    databases = ("limit", "unsealed", *(["pooled"] if arguments.pooled else []))
    for database in databases:
        cluster.create(database, like="product")
    if arguments.pooled:
        url = stack.enter_context(pgbouncer.pooled(cluster.url("pooled"), sessions=40, idle=600))
        through = product(url, directory, seals=False)
        yield Participant(server=through, works=list(_works_of_product(made, POOLED, alone=True)))
    idle = product(cluster.url("unsealed"), directory, seals=False)
    yield Participant(server=idle, works=list(_works_of_product(made, UNSEALED, alone=True)))
    yield Participant(server=None, works=[_work_of_limit(script, number) for number in CONNECTIONS])
    if arguments.peer:
        yield _peer(cluster, Path(arguments.peer), arguments.peer_python)


def _works_of_product(made: scene.Scene, who: str, *, alone: bool = False) -> Iterator[Work]:
    def make_work(what, badges, connections, customers=load.CUSTOMERS):
        wrk = Wrk(authorization=made.authorization, badges=badges, customers=customers)
        return _work_of_wrk(what, who, wrk, connections)

    for connections in CONNECTIONS:
        yield make_work("earn", made.plain, connections)
    if alone:
        return
    yield make_work("earn, one badge", [made.hot], MANY)
    yield make_work("earn, one badge with a limit for all", [made.all_limited], MANY)
    yield make_work("earn, with a limit for each customer", [made.each_limited], MANY)
    yield make_work("earn, with an enrolment", [made.enrolled], MANY, customers=scene.ENROLLED)


def _work_of_wrk(what: str, who: str, wrk: Wrk, connections: int) -> Work:
    return Work(
        what=what,
        who=who,
        connections=connections,
        sample=lambda running, cluster, seconds: wrk.at(running, cluster, connections, seconds),
    )


def _work_of_limit(script: str, connections: int) -> Work:
    def sample(_running, cluster, seconds):
        return load.pgbench(cluster, "limit", script, connections, seconds)

    return Work(what="earn", who=LIMIT, connections=connections, sample=sample)


def _peer(cluster: Cluster, directory: Path, python: str) -> Participant:
    """Prepare the service in the folder, with its own tables and database."""
    cluster.create("peer")
    cluster.run("psql", "-qX", "-d", "peer", "-f", str(directory / "pg" / "schema.sql"))
    _fill(cluster, "peer", (directory / "pg" / "earn1_func.sql").read_text())
    wrk = Wrk(authorization=PEER_CALLER, badges=PEER_BADGES)
    works = [_work_of_wrk("earn", PEER, wrk, connections) for connections in CONNECTIONS]
    return Participant(server=peer(directory, python, cluster.port, "peer"), works=works)


def _fill(cluster: Cluster, database: str, script: str) -> None:
    """Fill a database: with empty tables PostgreSQL would choose plans for empty tables."""
    load.pgbench_times(cluster, database, script, FILLED)
    cluster.run("psql", "-qX", "-d", database, "-c", "VACUUM ANALYZE")


def _round(
    participant: Participant, cluster: Cluster, seconds: int
) -> Iterator[tuple[tuple, Sample]]:
    with ExitStack() as stack:
        running = stack.enter_context(participant.server.running()) if participant.server else None
        for work in participant.works:
            if running and work.connections == MANY:  # fills the cache of every worker
                work.sample(running, cluster, WARM_UP)
        cluster.run("psql", "-qX", "-d", "postgres", "-c", "CHECKPOINT")
        for work in participant.works:
            yield work.key, work.sample(running, cluster, seconds)


def _goals(samples: dict) -> Iterator[Goal]:
    """Yield the goals. Ratios are medians of the ratios of each round."""

    def ratio(one, other, of=lambda sample: sample.rate):
        pairs = zip(samples[one], samples[other], strict=True)
        return median(of(mine) / of(theirs) for mine, theirs in pairs)

    ours = {connections: ("earn", PRODUCT, connections) for connections in CONNECTIONS}
    for connections, minimum in zip(CONNECTIONS, (1.0, 0.95, 1.2), strict=True):
        other = "earn", PEER, connections
        if other in samples:
            name = f"earns/s against FastAPI, {connections} connections"
            yield Goal(name, ratio(ours[connections], other), minimum=minimum)
            name = f"CPU per earn against FastAPI, {connections} connections"
            yield Goal(name, ratio(ours[connections], other, lambda each: each.cpu), maximum=1.0)
        idle = "earn", UNSEALED, connections
        name = f"earns/s with the sealer against without, {connections} connections"
        yield Goal(name, ratio(ours[connections], idle), minimum=0.95)
        alone = "earn", LIMIT, connections
        yield Goal(
            f"earns/s against PostgreSQL alone, {connections}", ratio(ours[connections], alone)
        )
        pooled = "earn", POOLED, connections
        if pooled in samples:
            name = f"earns/s through PgBouncer against direct, {connections} connections"
            yield Goal(name, ratio(pooled, idle))
    limited = ("earn, one badge with a limit for all", PRODUCT, MANY)
    yield Goal(
        "one badge with a limit for all against one without",
        ratio(limited, ("earn, one badge", PRODUCT, MANY)),
        minimum=0.5,
    )
    spread = median(each.p99 / each.p50 for each in samples[ours[MANY]])
    yield Goal(f"p99 against p50, {MANY} connections", spread, maximum=3.0)
