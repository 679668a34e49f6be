"""What was measured, as a table for people and as JSON."""

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
    """A ratio, and what it has to be, if anything."""

    name: str
    ratio: float
    least: float | None = None
    most: float | None = None

    @property
    def is_met(self) -> bool:
        above = self.least is None or self.ratio >= self.least
        return above and (self.most is None or self.ratio <= self.most)

    @property
    def bound(self) -> str:
        if self.least is not None:
            return f">= {self.least}"
        return f"<= {self.most}" if self.most is not None else ""

    @property
    def verdict(self) -> str:
        if not self.bound:
            return ""
        return "met" if self.is_met else "MISSED"


def show(rows: Sequence[Row], goals: Iterable[Goal]) -> None:
    """Print the rows, a table for each kind of them, and the goals in Markdown."""
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
    """Write the same as JSON."""
    content = about | {
        "rows": [asdict(row) for row in rows],
        "ratios": [asdict(goal) | {"is_met": goal.is_met} for goal in goals],
    }
    with open(path, "w") as file:
        json.dump(content, file, indent=1)
