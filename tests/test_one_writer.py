"""All writes are in the services, so bulk writes cannot bypass the request log."""

import ast
from pathlib import Path

from django.conf import settings

APP = Path(settings.BASE_DIR) / "badges"
WRITES = {
    *("save", "create", "bulk_create", "get_or_create", "update_or_create"),
    *("update", "bulk_update", "delete", "set", "clear", "add", "remove"),
    *("create_user", "create_superuser", "set_password", "execute", "executemany", "raw"),
}
# Calls outside of the services that look like writes, but are none, or call a service.
ALLOWED = {
    ("admin/people.py", "people.create_user"): "a service",
    ("admin/people.py", "people.set_password"): "a service",
    ("admin/accounts.py", "people.set_password"): "a service",
    ("admin/second_factor.py", "second_factor.add"): "a service",
    ("audit/database_role.py", "cursor.execute"): "gives a role its rights",
    ("audit/guards.py", "cursor.execute"): "puts triggers up and takes them down",
    ("audit/leaves.py", "cursor.execute"): "reads rows as bytes",
    ("audit/sheets.py", "digest.update"): "adds to a hash",
    ("audit/verification.py", "digest.update"): "adds to a hash",
    ("database.py", "cursor.execute"): "sets what a session may do",
    ("database.py", "raw.execute"): "limits a transaction",
    ("desk/home/overview.py", "refused[row['refusal']].update"): "adds up in a Counter",
    ("health.py", "cursor.execute"): "asks whether the database answers",
    ("icons.py", "source.save"): "writes a font into memory",
    ("models/names.py", "super().save"): "adds the search key to what a service saves",
    ("models/querysets.py", "cursor.execute"): "takes the lock of a badge or of a key",
    ("request_details.py", "environ[DETAILS].update"): "adds to the environment of a request",
    ("selectors/leaders.py", "cursor.execute"): "reads the highest counts of days",
    ("bundles.py", "digest.update"): "adds to a hash",
    ("staticfiles.py", "digest.update"): "adds to a hash",
    ("management/commands/migrate.py", "cursor.execute"): "takes the lock of a migration",
    ("rules.py", "seen.add"): "a set of values",
    ("versioned_directory.py", "_in_use.add"): "a set of paths",
    ("shown_secrets.py", "session.create"): "starts the session that keeps a secret",
}


def calls():
    """Yield file and function of every call outside of the services that looks like a write."""
    for file in sorted(APP.rglob("*.py")):
        name = file.relative_to(APP).as_posix()
        if name.startswith(("services/", "migrations/")):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and node.func.attr in WRITES:
                yield name, ast.unparse(node.func)


def test_nothing_is_written_outside_of_the_services():
    assert set(calls()) == set(ALLOWED)
