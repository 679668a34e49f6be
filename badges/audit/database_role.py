"""The recommended PostgreSQL role of the application, which can only append to the record.

The role owns nothing, so it can neither drop the triggers nor truncate a table. Migrations,
erasures and archives run as the owner. The rights must be granted again after every `migrate` that
creates a table.
"""

from django.apps import apps
from django.db import connection, transaction

from badges.audit.guards import FACTS, RECORD, REVOCATION

APPEND = "SELECT, INSERT"
READ = "SELECT"
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"


def grant(role: str) -> list[str]:
    """Grant a role exactly the rights that the application needs; create a missing role.

    Returns the executed statements, which run in one transaction. A new role may log in, but has no
    password yet. Raises DatabaseError if this connection lacks the privileges.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        name = connection.ops.quote_name(role)
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        statements = [] if cursor.fetchone() else [f"CREATE ROLE {name} LOGIN"]
        statements += _grants(name, connection.introspection.table_names(cursor))
        for statement in statements:
            cursor.execute(statement)
    return statements


def _grants(role: str, tables: list[str]) -> list[str]:
    database = connection.ops.quote_name(connection.settings_dict["NAME"])
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT CONNECT ON DATABASE {database} TO {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        *(f"GRANT {_rights(table)} ON {table} TO {role}" for table in sorted(tables)),
        *(
            f"GRANT UPDATE ({', '.join(REVOCATION)}) ON {table} TO {role}"
            for table in _tables(FACTS)
        ),
    ]


def _rights(table: str) -> str:
    if table in _tables([*RECORD, *FACTS, "SealSalts"]):
        return APPEND
    return READ if table == "django_migrations" else EVERYTHING


def _tables(models: list[str]) -> list[str]:
    return [apps.get_model("badges", name)._meta.db_table for name in models]
