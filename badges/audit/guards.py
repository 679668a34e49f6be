"""Triggers that keep the record append-only for every user and every program.

They refuse UPDATE and DELETE, and TRUNCATE on PostgreSQL, but allow a fact to be revoked once. They
are created again at the end of every `migrate`, because SQLite drops the triggers of a table that a
migration rebuilds. The owner of the tables can drop them. The seals protect against this, and so
does a role for the application that owns nothing (`database_role`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

MESSAGE = "The record is append-only: {table} cannot be updated or deleted."
REVOCATION = ("revoked_at", "revocation_id")
RECORD = [
    *("Seal", "ErasedRow", "Erasure", "BadgeRevision"),
    *("RefusedItem", "StatedReason", "CustomerNote", "RequestLog"),
]
FACTS = ["EarnedBadge", "Enrolment"]

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION badges_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The record is append-only: % cannot be updated or deleted.', TG_TABLE_NAME
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


def install(using: str = "default", **kwargs: object) -> None:
    """Create all triggers whose table exists, as a receiver of `post_migrate` or explicitly."""
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
    """Drop all triggers. Raises DatabaseError unless the user owns the tables."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A trigger cannot be dropped while a deferred constraint of its table is pending.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, _unless in _guarded(connection, cursor):
            if connection.vendor == "postgresql":
                for event in POSTGRESQL:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_keeps_{event} ON {table}")
            else:
                for event in SQLITE:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_keeps_{event}")


@contextmanager
def lifted(using: str = "default") -> Iterator[None]:
    """Drop the triggers while the record is changed on purpose, by an erasure or a data migration.

    This requires a transaction. On PostgreSQL the tables are locked against writers until it ends.
    """
    lift(using)
    yield
    install(using)


def _guarded(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> Iterator[tuple[str, str]]:
    """Yield each existing table of the record, and the condition for refusing its updates."""
    there = set(connection.introspection.table_names(cursor))
    for name in [*RECORD, *FACTS]:
        table = apps.get_model("badges", name)._meta.db_table
        if table in there:
            yield table, _unless_revoked(connection, cursor, table) if name in FACTS else ""


def _unless_revoked(connection: BaseDatabaseWrapper, cursor: CursorWrapper, table: str) -> str:
    """Return the condition for all updates except the first revocation of a fact."""
    columns = connection.introspection.get_table_description(cursor, table)
    fixed = [column.name for column in columns if column.name not in REVOCATION]
    old, new = (", ".join(f"{row}.{name}" for name in fixed) for row in ("OLD", "NEW"))
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    return (
        f"WHEN (OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL OR ({old}) {differs} ({new}))"
    )
