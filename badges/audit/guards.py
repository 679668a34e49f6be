"""Triggers that keep the record append-only, whoever writes and by whatever program.

They refuse UPDATE and DELETE, and TRUNCATE on PostgreSQL, but let the revocation of a fact be
written once. Made anew at the end of every `migrate`, because SQLite loses the triggers of a table
that a migration rebuilds. The owner of the tables can drop them: that is what the seals are for,
and why the application had better run under a role that owns nothing (`database_role`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connections

MESSAGE = "The record is append-only: {table} is neither changed nor deleted."
REVOCATION = ("revoked_at", "revocation_id")
RECORD = ["Seal", "ErasedRow", "BadgeRevision", "RefusedItem", "RequestLog"]
FACTS = ["EarnedBadge", "Enrolment"]

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION badges_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The record is append-only: % is neither changed nor deleted.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
POSTGRESQL = {
    "update": """CREATE OR REPLACE TRIGGER {table}_keeps_update BEFORE UPDATE ON {table}
        FOR EACH ROW {unless} EXECUTE FUNCTION badges_refuse_change()""",
    "delete": """CREATE OR REPLACE TRIGGER {table}_keeps_delete BEFORE DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION badges_refuse_change()""",
    "truncate": """CREATE OR REPLACE TRIGGER {table}_keeps_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION badges_refuse_change()""",
}
SQLITE = {
    "update": """CREATE TRIGGER IF NOT EXISTS {table}_keeps_update BEFORE UPDATE ON {table}
        {unless} BEGIN SELECT RAISE(ABORT, '{message}'); END""",
    "delete": """CREATE TRIGGER IF NOT EXISTS {table}_keeps_delete BEFORE DELETE ON {table}
        BEGIN SELECT RAISE(ABORT, '{message}'); END""",
}


def install(using: str = "default", **kwargs) -> None:
    """Put every guard up that has its table, as the receiver of `post_migrate` or by hand."""
    connection = connections[using]
    triggers = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    with connection.cursor() as cursor:
        if triggers is POSTGRESQL:
            cursor.execute(POSTGRESQL_FUNCTION)
        for table, unless in _guarded(connection, cursor):
            for trigger in triggers.values():
                message = MESSAGE.format(table=table)
                cursor.execute(trigger.format(table=table, unless=unless, message=message))


def lift(using: str = "default") -> None:
    """Take every guard down. Only the owner of the tables can; raises DatabaseError for others."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A trigger cannot go while a constraint of its table waits for the commit.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, _unless in _guarded(connection, cursor):
            if connection.vendor == "postgresql":
                for event in POSTGRESQL:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_keeps_{event} ON {table}")
            else:
                for event in SQLITE:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_keeps_{event}")


@contextmanager
def lifted(using: str = "default"):
    """Change the record on purpose, within a transaction: an erasure, or a migration of data.

    On PostgreSQL the tables are locked against writers until the transaction ends.
    """
    lift(using)
    yield
    install(using)


def _guarded(connection, cursor) -> Iterator[tuple[str, str]]:
    """Yield each table of the record that exists, and when an update of it is refused."""
    there = set(connection.introspection.table_names(cursor))
    for name in [*RECORD, *FACTS]:
        table = apps.get_model("badges", name)._meta.db_table
        if table in there:
            yield table, _unless_revoked(connection, cursor, table) if name in FACTS else ""


def _unless_revoked(connection, cursor, table: str) -> str:
    """Return the condition for all updates but one: a fact that stands is revoked, no more."""
    columns = connection.introspection.get_table_description(cursor, table)
    fixed = [column.name for column in columns if column.name not in REVOCATION]
    old, new = (", ".join(f"{row}.{name}" for name in fixed) for row in ("OLD", "NEW"))
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    return (
        f"WHEN (OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL OR ({old}) {differs} ({new}))"
    )
