"""The report of a benchmark, as a table and as JSON."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Protocol

from tests.bench.load import Sample

median = statistics.median


class Row(Protocol):
    """A dataclass that is one row of a table."""

    HEAD: ClassVar[Sequence[str]]

    @property
    def cells(self) -> Sequence[str]: ...


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The medians of one work over all rounds; latencies in ms, CPU in microseconds each."""

    HEAD: ClassVar = (
        *("work", "by", "connections", "per s", "p50 ms", "p99 ms", "server us", "database us"),
    )

    what: str
    who: str
    connections: int
    rate: float
    p50: float
    p99: float
    server_cpu: float
    database_cpu: float

    @classmethod
    def of(cls, key: tuple[str, str, int], samples: Sequence[Sample]) -> "Measured":
        what, who, connections = key
        medians = {name: median(asdict(each)[name] for each in samples) for name in _FIGURES}
        return cls(what=what, who=who, connections=connections, **medians)

    @property
    def cells(self) -> Sequence[str]:
        return [
            *(self.what, self.who, str(self.connections), f"{self.rate:,.0f}"),
            *(f"{self.p50:.1f}", f"{self.p99:.1f}"),
            *(f"{self.server_cpu:,.0f}", f"{self.database_cpu:,.0f}"),
        ]


_FIGURES = ("rate", "p50", "p99", "server_cpu", "database_cpu")


@dataclass(frozen=True)
class Goal:
    """A ratio, with its minimum and maximum if it has any."""

    name: str
    ratio: float
    minimum: float | None = None
    maximum: float | None = None

    @property
    def is_met(self) -> bool:
        above = self.minimum is None or self.ratio >= self.minimum
        return above and (self.maximum is None or self.ratio <= self.maximum)

    @property
    def bound(self) -> str:
        if self.minimum is not None:
            return f">= {self.minimum}"
        return f"<= {self.maximum}" if self.maximum is not None else ""

    @property
    def verdict(self) -> str:
        if not self.bound:
            return ""
        return "met" if self.is_met else "MISSED"


def show(rows: Sequence[Row], goals: Iterable[Goal]) -> None:
    """Print the rows, one table for each type, and the goals in Markdown."""
    for kind in dict.fromkeys(map(type, rows)):
        table(kind.HEAD, [row.cells for row in rows if type(row) is kind])
    show_goals(goals)


def show_goals(goals: Iterable[Goal]) -> None:
    table(
        ["ratio", "measured", "target", ""],
        [[goal.name, f"{goal.ratio:.2f}", goal.bound, goal.verdict] for goal in goals],
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [head, ["---"] * len(head), *rows]
    print(*("| " + " | ".join(line) + " |" for line in lines), "", sep="\n")  # noqa: T201


def keep(path: str, rows: Iterable[Row], goals: Iterable[Goal], **about) -> None:
    """Write the rows and goals as JSON."""
    content = about | {
        "rows": [asdict(row) for row in rows],
        "ratios": [asdict(goal) | {"is_met": goal.is_met} for goal in goals],
    }
    with open(path, "w") as file:
        json.dump(content, file, indent=1)
