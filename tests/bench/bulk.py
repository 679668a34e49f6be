"""Lists of earns and imports beside the ORM's own way to write rows, and beside SQL alone."""

import json
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import ClassVar

from tests.bench import scene
from tests.bench.cluster import Cluster
from tests.bench.load import MICROSECONDS
from tests.bench.report import Goal, median
from tests.bench.servers import Running, cpu_seconds, product

EARNED, IMPORTED = 10_000, 100_000  # rows of a call
MOMENT = datetime(2026, 1, 15, 10, tzinfo=UTC)
LATER = MOMENT + timedelta(days=3650)
API, ORM, SQL, SERVICE = "BadgeAdmin, API", "bulk_create", "SQL alone", "BadgeAdmin, service"
LEAST_RATE = 25_000  # rows imported per second

numbers = count(1)  # customers and request ids that nobody used before

ROWS_IN_SQL = """
INSERT INTO badges_earnedbadge (id, badge_id, customer_id, event_at, expires_at, owner_type,
    reference_id, request_id, earned_at)
SELECT lpad(to_hex(n), 24, '0'), %(badge)s, n, %(moment)s, %(later)s, 'Loyalty', '123694',
    %(request)s, now()
FROM generate_series(%(first)s::bigint, %(last)s) AS n
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The medians of one way to write rows: per second, and CPU in microseconds for each row."""

    HEAD: ClassVar = (
        *("work", "by", "rows", "rows/s", "client and server us", "database us"),
        "database us later",
    )

    what: str
    who: str
    rows: int
    rate: float
    own_cpu: float
    database_cpu: float
    later_cpu: float  # of the database, for what follows after the answer: counting, sealing

    @property
    def cells(self) -> Sequence[str]:
        return [
            *(self.what, self.who, f"{self.rows:,}", f"{self.rate:,.0f}"),
            *(f"{self.own_cpu:.1f}", f"{self.database_cpu:.1f}", f"{self.later_cpu:.1f}"),
        ]


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to write so many rows; `settle` waits until all that follows from it is done."""

    what: str
    who: str
    rows: int
    write: Callable[..., None]
    given: Callable[[], Sequence] = lambda: ()  # the arguments, made before the clock runs
    settle: Callable[[], None] = lambda: None


def measured(cluster: Cluster, arguments) -> tuple[list[Cost], list[Goal]]:
    """Let all ways take turns in one database, and return the medians of what they cost."""
    made = scene.prepared()
    samples = defaultdict(list)
    with tempfile.TemporaryDirectory() as directory:
        server = product(cluster.url("product"), Path(directory))
        with server.running() as running:
            ways = list(_ways(made, running))
            for turn in range(arguments.rounds + 1):
                for way in ways:
                    cost = _sample(way, cluster, running)
                    if turn:  # the first one warms up
                        samples[way.what, way.who].append(cost)
    costs = [_median(found) for found in samples.values()]
    return costs, list(_goals(samples))


def _ways(made: scene.Scene, running: Running) -> Iterator[Way]:
    badges = made.plain
    yield Way(
        what="list of earns",
        who=API,
        rows=EARNED,
        write=lambda: _post(running, made, badges[0]),
        settle=running.settle,
    )
    for what, rows in (("list of earns", EARNED), ("import", IMPORTED)):
        for who, write in ((ORM, _bulk_create), (SQL, _in_sql)):
            yield Way(
                what=what,
                who=who,
                rows=rows,
                write=lambda write=write, rows=rows: write(badges[1], rows),
            )
    yield Way(
        what="import",
        who=SERVICE,
        rows=IMPORTED,
        write=_import,
        given=lambda: [_items(badges)],
        settle=running.settle,
    )


def _post(running: Running, made: scene.Scene, badge_id: str) -> None:
    owner_type, reference_id = scene.OWNER
    body = {
        "badgeMetaId": badge_id,
        "requestId": f"list-{next(numbers)}",
        "customerIds": _customers(EARNED),
        "earnEventDate": MOMENT.isoformat(),
        "triggeredBy": {"ownerType": owner_type, "referenceId": reference_id},
    }
    request = urllib.request.Request(
        f"{running.url}Bulk",
        json.dumps(body).encode(),
        {"Authorization": made.authorization, "Content-Type": "application/json"},
    )
    with closing(urllib.request.urlopen(request, timeout=60)) as answer:
        earned = json.load(answer)["data"]["earnedCount"]
    if earned != EARNED:
        raise RuntimeError(f"{earned} of {EARNED} were given the badge")


def _items(badges: Sequence[str]) -> list:
    from badges.services.imports import EarnedBefore

    return [
        EarnedBefore(badges[place % len(badges)], customer_id, MOMENT, LATER)
        for place, customer_id in enumerate(_customers(IMPORTED))
    ]


def _import(items: list) -> None:
    from badges.models import Channel
    from badges.services.imports import import_earned
    from badges.services.requests import Origin

    origin = Origin(channel=Channel.COMMAND)
    result = import_earned(origin=origin, request_id=f"import-{next(numbers)}", items=items)
    if len(result.facts) != IMPORTED:
        raise RuntimeError(f"{len(result.facts)} of {IMPORTED} were imported")


def _bulk_create(badge_id: str, rows: int) -> None:
    from django.db import transaction

    from badges.models import EarnedBadge

    owner_type, reference_id = scene.OWNER
    with transaction.atomic():
        request_id = _request()
        EarnedBadge.objects.bulk_create(
            EarnedBadge(
                badge_id=badge_id,
                customer_id=customer_id,
                event_at=MOMENT,
                expires_at=LATER,
                owner_type=owner_type,
                reference_id=reference_id,
                request_id=request_id,
                earned_at=MOMENT,
            )
            for customer_id in _customers(rows)
        )


def _in_sql(badge_id: str, rows: int) -> None:
    from django.db import connection, transaction

    first = _customers(rows)[0]
    with transaction.atomic(), connection.cursor() as cursor:
        given = {"badge": badge_id, "moment": MOMENT, "later": LATER, "request": _request()}
        cursor.execute(ROWS_IN_SQL, given | {"first": first, "last": first + rows - 1})


def _request() -> int:
    """Make the row that others need, as each call has one."""
    from badges.models import RequestLog

    request = RequestLog(operation="EARN_BULK", channel="COMMAND", outcome="ACCEPTED")
    request.received_at = MOMENT
    request.save()
    return request.pk


def _customers(rows: int) -> list[int]:
    first = next(numbers) * 10 * IMPORTED
    return list(range(first, first + rows))


def _sample(way: Way, cluster: Cluster, running: Running) -> Cost:
    """Write once, and count the CPU until the answer, and until all that follows is done."""
    given = way.given()
    running.settle()
    own, database = _own_cpu(running), cpu_seconds(cluster.pid)
    began = time.perf_counter()
    way.write(*given)
    taken = time.perf_counter() - began
    answered = cpu_seconds(cluster.pid)
    way.settle()
    used = {
        "own_cpu": _own_cpu(running) - own,
        "database_cpu": answered - database,
        "later_cpu": cpu_seconds(cluster.pid) - answered,
    }
    each = {name: seconds / way.rows * MICROSECONDS for name, seconds in used.items()}
    return Cost(what=way.what, who=way.who, rows=way.rows, rate=way.rows / taken, **each)


def _own_cpu(running: Running) -> float:
    return time.process_time() + cpu_seconds(running.pid)


def _median(found: Sequence[Cost]) -> Cost:
    first = found[0]
    return Cost(
        what=first.what,
        who=first.who,
        rows=first.rows,
        **{
            name: median(getattr(each, name) for each in found)
            for name in ("rate", "own_cpu", "database_cpu", "later_cpu")
        },
    )


def _goals(samples: dict) -> Iterator[Goal]:
    """Yield what the figures are held to; ratios are medians of those of each round."""

    def ratio(what, one, other):
        pairs = zip(samples[what, one], samples[what, other], strict=True)
        return median(mine.rate / theirs.rate for mine, theirs in pairs)

    earned, imported = "list of earns", "import"
    yield Goal(f"{earned}/s against bulk_create", ratio(earned, API, ORM), least=8)
    yield Goal(f"{earned}/s against SQL alone", ratio(earned, API, SQL))
    cpu = median(cost.database_cpu for cost in samples[earned, API])
    yield Goal(f"{earned}: us of the database for each", cpu, most=40)
    yield Goal(f"{imported}/s against bulk_create", ratio(imported, SERVICE, ORM))
    yield Goal(f"{imported}/s against SQL alone", ratio(imported, SERVICE, SQL))
    rate = median(cost.rate for cost in samples[imported, SERVICE])
    yield Goal(f"{imported}: thousands per second", rate / 1000, least=LEAST_RATE / 1000)
