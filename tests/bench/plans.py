"""What a page asks of PostgreSQL: each query, and how many rows its plan really read."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, transaction

READING = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "(SELECT")


@dataclass(frozen=True, kw_only=True)
class Query:
    """One statement as it was run, and the rows that it read of each table."""

    sql: str
    read: dict[str, int]

    @property
    def rows(self) -> int:
        return sum(self.read.values())


@dataclass
class Recorder:
    """Explains every statement before it is run, with the same values; used as a wrapper."""

    queries: list[Query] = field(default_factory=list)
    explaining: bool = False

    def __call__(self, execute, sql, params, many, context):
        if not self.explaining:
            self.queries.append(Query(sql=sql, read=self._read(sql, params)))
        return execute(sql, params, many, context)

    def _read(self, sql, params) -> dict[str, int]:
        if not sql.lstrip().upper().startswith(READING):
            return {}
        self.explaining = True
        try:
            # To analyse a statement is to run it: what it writes is taken back.
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
                (plan,) = cursor.fetchone()
                transaction.set_rollback(True)
        finally:
            self.explaining = False
        plan = json.loads(plan) if isinstance(plan, str) else plan
        return rows_read(plan[0]["Plan"])


@contextmanager
def recorded():
    """Record the statements of a block; yields the list of them."""
    recorder = Recorder()
    with connection.execute_wrapper(recorder):
        yield recorder.queries


def rows_read(node: dict) -> dict[str, int]:
    """Return by table the rows that the scans of a plan looked at, also those they passed over."""
    read = {}
    # A bitmap of an index names no table: its rows are those of the scan above it.
    if "Relation Name" in node and node["Node Type"].endswith("Scan"):
        passed_over = node.get("Rows Removed by Filter", 0)
        passed_over += node.get("Rows Removed by Index Recheck", 0)
        loops = node["Actual Loops"]
        read[node["Relation Name"]] = (node["Actual Rows"] + passed_over) * loops
    for part in node.get("Plans", ()):
        for table, rows in rows_read(part).items():
            read[table] = read.get(table, 0) + rows
    return read
