"""The PostgreSQL role that the application had better run under: it can add to the record, no more.

It owns nothing, so it can neither take the guards down nor empty a table; migrations, erasures and
archives run under the owner. To be given anew after every `migrate` that makes a table.
"""

from django.apps import apps
from django.db import connection, transaction

from badges.audit.guards import FACTS, RECORD, REVOCATION

APPEND = "SELECT, INSERT"
READ = "SELECT"
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"


def grant(role: str) -> list[str]:
    """Give a role exactly what the application needs, making the role if there is none.

    Returns the statements that were run, all in one transaction. A new role may log in, without a
    password until it is given one. Raises DatabaseError if this connection may not do it.
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
