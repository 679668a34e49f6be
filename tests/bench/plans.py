"""The queries of a page on PostgreSQL, and the number of rows that their plans read."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, transaction

READING = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "(SELECT")


@dataclass(frozen=True, kw_only=True)
class Query:
    """One executed statement, and the number of rows that it read from each table."""

    sql: str
    read: dict[str, int]

    @property
    def rows(self) -> int:
        return sum(self.read.values())

    @property
    def is_of_a_transaction(self) -> bool:
        """Return whether it is a savepoint, which replaces a transaction in tests."""
        return self.sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))


@dataclass
class Recorder:
    """An execute wrapper that explains every statement with its parameters before it runs."""

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
            # ANALYZE executes the statement, so its writes are rolled back.
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
    """Record the statements of a block, and yield their list."""
    recorder = Recorder()
    with connection.execute_wrapper(recorder):
        yield recorder.queries


def rows_read(node: dict) -> dict[str, int]:
    """Return for each table the rows that the scans of a plan read, with those filtered out."""
    read = {}
    # A bitmap index scan names no table: its rows are those of the scan above it.
    if "Relation Name" in node and node["Node Type"].endswith("Scan"):
        filtered = node.get("Rows Removed by Filter", 0)
        filtered += node.get("Rows Removed by Index Recheck", 0)
        loops = node["Actual Loops"]
        read[node["Relation Name"]] = (node["Actual Rows"] + filtered) * loops
    for part in node.get("Plans", ()):
        for table, rows in rows_read(part).items():
            read[table] = read.get(table, 0) + rows
    return read
