"""The same pages and the same earns with few rows and with many, in alternating rounds."""

import json
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.bench import scene
from tests.bench.cluster import Cluster
from tests.bench.earns import WARM_UP
from tests.bench.load import MICROSECONDS, Sample, Wrk
from tests.bench.report import Goal, median
from tests.bench.servers import PROJECT, environment, product

FEW = 10_000  # the baseline of pages
MANY = 1_000_000  # the baseline of earns
CONNECTIONS = 8
TIMES = 5  # measurements per page and round
MAX_PAGE_RATIO, MAX_EARN_RATIO = 1.25, 1.15


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The median cost of one operation, in ms, with few rows and with many."""

    HEAD: ClassVar = ("what", "rows", "ms", "rows", "ms", "ratio")

    what: str
    few: int
    few_ms: float
    many: int
    many_ms: float
    ratio: float

    @property
    def cells(self) -> Sequence[str]:
        return [
            *(self.what, f"{self.few:,}", f"{self.few_ms:.2f}"),
            *(f"{self.many:,}", f"{self.many_ms:.2f}", f"{self.ratio:.2f}"),
        ]


def measured(cluster: Cluster, arguments) -> tuple[list[Cost], list[Goal]]:
    """Fill a database of each size, and measure the same operations in all of them."""
    sizes = (FEW, MANY, arguments.most)
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        urls = {size: filled(cluster, size, directory) for size in sizes}
        pages = of_pages(urls[FEW], urls[arguments.most], arguments)
        del urls[FEW]
        earns = of_earns(cluster, urls, directory, arguments)
    worst = max(pages, key=lambda cost: cost.ratio)
    goals = [Goal(f"{worst.what}, which grew most", worst.ratio, maximum=MAX_PAGE_RATIO)]
    goals += [Goal(cost.what, cost.ratio, maximum=MAX_EARN_RATIO) for cost in earns]
    return [*pages, *earns], goals


def filled(cluster: Cluster, rows: int, directory: Path) -> str:
    """Create and fill a database with `rows` requests and `rows` issued badges. Return its URL."""
    url = cluster.create(f"rows{rows}")
    command = [sys.executable, "-m", "tests.bench.fill"]
    command += ["--requests", str(rows), "--earned", str(rows), "--big", str(FEW // 10)]
    subprocess.run(command, check=True, cwd=PROJECT, env=environment(url, directory))
    return url


def of_pages(few_url: str, many_url: str, arguments) -> list[Cost]:
    """Open every page on both databases in turn."""
    taken = defaultdict(list)
    with ExitStack() as stack, tempfile.TemporaryDirectory() as directory:
        urls = few_url, many_url
        readers = [stack.enter_context(reader(url, Path(directory))) for url in urls]
        names = readers[0].names
        for turn in range(TIMES * arguments.rounds + 1):
            # The order changes with each turn. Otherwise periodic work, such as garbage collection,
            # would always hit the same page.
            for number in random.Random(turn).sample(range(len(names)), len(names)):  # noqa: S311
                pair = [read(number) for read in readers]
                if turn:  # the first turn is a warm-up
                    taken[names[number]].append(pair)
    return [cost_of(f"page: {name}", FEW, arguments.most, pairs) for name, pairs in taken.items()]


def cost_of(what: str, few: int, many: int, pairs: Sequence[Sequence[float]]) -> Cost:
    """Return the medians of pairs of seconds, and their ratio."""
    few_ms, many_ms = (1000 * median(times) for times in zip(*pairs, strict=True))
    return Cost(
        what=what, few=few, few_ms=few_ms, many=many, many_ms=many_ms, ratio=many_ms / few_ms
    )


class Reader:
    """A process that opens the page with a given number and returns the duration in seconds."""

    def __init__(self, process: subprocess.Popen):
        self.process = process
        self.names = self._answer()

    def __call__(self, number: int) -> float:
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self):
        return json.loads(self.process.stdout.readline())


@contextmanager
def reader(url: str, directory: Path) -> Iterator[Reader]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.growth"],
        cwd=PROJECT,
        env=environment(url, directory),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Reader(process)
        process.stdin.close()


def of_earns(cluster: Cluster, urls: dict[int, str], directory: Path, arguments) -> list[Cost]:
    """Earn in both databases without sealing, which would have to catch up with years first."""
    few, many = urls
    scenes = {size: scene.prepared_in(url, directory) for size, url in urls.items()}
    taken = {size: [] for size in urls}
    for turn in range(arguments.rounds):
        for size in (few, many)[:: -1 if turn % 2 else 1]:
            sample = _earned(cluster, urls[size], scenes[size], directory, arguments.seconds)
            taken[size].append(sample)
    costs = {
        "CPU of an earn": lambda sample: sample.cpu / MICROSECONDS,
        "time for an earn": lambda sample: 1 / sample.rate,
    }
    return [
        cost_of(
            what, few, many, [tuple(map(cost, pair)) for pair in zip(*taken.values(), strict=True)]
        )
        for what, cost in costs.items()
    ]


def _earned(cluster: Cluster, url: str, made: scene.Scene, directory: Path, seconds: int) -> Sample:
    wrk = Wrk(authorization=made.authorization, badges=made.plain)
    with product(url, directory, seals=False).running() as running:
        wrk.at(running, cluster, CONNECTIONS, WARM_UP)
        return wrk.at(running, cluster, CONNECTIONS, seconds)


def serve() -> None:
    """Open pages on request, on the database of Django's settings."""
    import django

    django.setup()
    from tests.bench import pages

    client, visits = pages.supervisor(), pages.visits()
    answer([visit.name for visit in visits])
    for line in sys.stdin:
        visit = visits[int(line)]
        if visit.before:
            visit.before.by(client)
        answer(pages.timed(visit, client))


def answer(result) -> None:
    print(json.dumps(result), flush=True)  # noqa: T201


if __name__ == "__main__":
    serve()
