"""Lists of earns and imports, compared with the ORM's `bulk_create` and with plain SQL."""

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
from tests.bench.servers import BY_HTTPS, Running, cpu_seconds, product

EARNED, IMPORTED = 10_000, 100_000  # rows per call
EVENT_AT = datetime(2026, 1, 15, 10, tzinfo=UTC)
EXPIRES_AT = EVENT_AT + timedelta(days=3650)
API, ORM, SQL, SERVICE = "BadgeAdmin, API", "bulk_create", "SQL alone", "BadgeAdmin, service"
MIN_RATE = 25_000  # imported rows per second

numbers = count(1)  # unused customer ids and request ids

ROWS_IN_SQL = """
INSERT INTO badges_earnedbadge (id, badge_id, customer_id, event_at, expires_at, owner_type,
    reference_id, request_id, earned_at)
SELECT lpad(to_hex(n), 24, '0'), %(badge)s, n, %(event_at)s, %(expires_at)s, 'Loyalty', '123694',
    %(request)s, now()
FROM generate_series(%(first)s::bigint, %(last)s) AS n
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The medians of one method to write rows: rows per second, and CPU in microseconds per row."""

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
    later_cpu: float  # of the database, for counting and sealing after the response

    @property
    def cells(self) -> Sequence[str]:
        return [
            *(self.what, self.who, f"{self.rows:,}", f"{self.rate:,.0f}"),
            *(f"{self.own_cpu:.1f}", f"{self.database_cpu:.1f}", f"{self.later_cpu:.1f}"),
        ]


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method to write `rows` rows; `settle` waits until the work that follows is done."""

    what: str
    who: str
    rows: int
    write: Callable[..., None]
    prepare: Callable[[], Sequence] = lambda: ()  # the arguments, made before the measurement
    settle: Callable[[], None] = lambda: None


def measured(cluster: Cluster, arguments) -> tuple[list[Cost], list[Goal]]:
    """Run all methods in turn in one database, and return the medians of their costs."""
    made = scene.prepared()
    samples = defaultdict(list)
    with tempfile.TemporaryDirectory() as directory:
        server = product(cluster.url("product"), Path(directory))
        with server.running() as running:
            methods = list(_methods(made, running))
            for turn in range(arguments.rounds + 1):
                for method in methods:
                    cost = _sample(method, cluster, running)
                    if turn:  # the first round is a warm-up
                        samples[method.what, method.who].append(cost)
    costs = [_median(found) for found in samples.values()]
    return costs, list(_goals(samples))


def _methods(made: scene.Scene, running: Running) -> Iterator[Method]:
    badges = made.plain
    yield Method(
        what="list of earns",
        who=API,
        rows=EARNED,
        write=lambda: _post(running, made, badges[0]),
        settle=running.settle,
    )
    for what, rows in (("list of earns", EARNED), ("import", IMPORTED)):
        for who, write in ((ORM, _bulk_create), (SQL, _in_sql)):
            yield Method(
                what=what,
                who=who,
                rows=rows,
                write=lambda write=write, rows=rows: write(badges[1], rows),
            )
    yield Method(
        what="import",
        who=SERVICE,
        rows=IMPORTED,
        write=_import,
        prepare=lambda: [_items(badges)],
        settle=running.settle,
    )


def _post(running: Running, made: scene.Scene, badge_id: str) -> None:
    owner_type, reference_id = scene.OWNER
    body = {
        "badgeMetaId": badge_id,
        "requestId": f"list-{next(numbers)}",
        "customerIds": _customers(EARNED),
        "earnEventDate": EVENT_AT.isoformat(),
        "triggeredBy": {"ownerType": owner_type, "referenceId": reference_id},
    }
    request = urllib.request.Request(
        f"{running.url}Bulk",
        json.dumps(body).encode(),
        {"Authorization": made.authorization, "Content-Type": "application/json"} | BY_HTTPS,
    )
    with closing(urllib.request.urlopen(request, timeout=60)) as answer:
        earned = json.load(answer)["data"]["earnedCount"]
    if earned != EARNED:
        raise RuntimeError(f"{earned} of {EARNED} have the badge")


def _items(badges: Sequence[str]) -> list:
    from badges.services.customers.imports import ImportedBadge

    return [
        ImportedBadge(badges[index % len(badges)], customer_id, EVENT_AT, EXPIRES_AT)
        for index, customer_id in enumerate(_customers(IMPORTED))
    ]


def _import(items: list) -> None:
    from badges.models import Channel
    from badges.services.customers.imports import import_earned
    from badges.services.request_log import Origin

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
                event_at=EVENT_AT,
                expires_at=EXPIRES_AT,
                owner_type=owner_type,
                reference_id=reference_id,
                request_id=request_id,
                earned_at=EVENT_AT,
            )
            for customer_id in _customers(rows)
        )


def _in_sql(badge_id: str, rows: int) -> None:
    from django.db import connection, transaction

    first = _customers(rows)[0]
    with transaction.atomic(), connection.cursor() as cursor:
        values = {
            "badge": badge_id,
            "event_at": EVENT_AT,
            "expires_at": EXPIRES_AT,
            "request": _request(),
        }
        cursor.execute(ROWS_IN_SQL, values | {"first": first, "last": first + rows - 1})


def _request() -> int:
    """Create the row in the request log that the other rows refer to."""
    from badges.models import RequestLog

    request = RequestLog(operation="EARN_BULK", channel="COMMAND", outcome="ACCEPTED")
    request.received_at = EVENT_AT
    request.save()
    return request.pk


def _customers(rows: int) -> list[int]:
    first = next(numbers) * 10 * IMPORTED
    return list(range(first, first + rows))


def _sample(method: Method, cluster: Cluster, running: Running) -> Cost:
    """Write once. Measure the CPU until the response, and until the work that follows is done."""
    arguments = method.prepare()
    running.settle()
    own, database = _own_cpu(running), cpu_seconds(cluster.pid)
    began = time.perf_counter()
    method.write(*arguments)
    taken = time.perf_counter() - began
    answered = cpu_seconds(cluster.pid)
    method.settle()
    used = {
        "own_cpu": _own_cpu(running) - own,
        "database_cpu": answered - database,
        "later_cpu": cpu_seconds(cluster.pid) - answered,
    }
    each = {name: seconds / method.rows * MICROSECONDS for name, seconds in used.items()}
    return Cost(
        what=method.what, who=method.who, rows=method.rows, rate=method.rows / taken, **each
    )


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
    """Yield the goals. Ratios are medians of the ratios of each round."""

    def ratio(what, one, other):
        pairs = zip(samples[what, one], samples[what, other], strict=True)
        return median(mine.rate / theirs.rate for mine, theirs in pairs)

    earned, imported = "list of earns", "import"
    yield Goal(f"{earned}/s against bulk_create", ratio(earned, API, ORM), minimum=8)
    yield Goal(f"{earned}/s against SQL alone", ratio(earned, API, SQL))
    cpu = median(cost.database_cpu for cost in samples[earned, API])
    yield Goal(f"{earned}: us of the database for each", cpu, maximum=40)
    yield Goal(f"{imported}/s against bulk_create", ratio(imported, SERVICE, ORM))
    yield Goal(f"{imported}/s against SQL alone", ratio(imported, SERVICE, SQL))
    rate = median(cost.rate for cost in samples[imported, SERVICE])
    yield Goal(f"{imported}: thousands per second", rate / 1000, minimum=MIN_RATE / 1000)
