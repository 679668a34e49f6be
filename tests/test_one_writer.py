"""Bulk writes cannot slip past the request log: nothing outside of the services writes at all."""

import ast
from pathlib import Path

from django.conf import settings

APP = Path(settings.BASE_DIR) / "badges"
WRITES = {
    *("save", "create", "bulk_create", "get_or_create", "update_or_create"),
    *("update", "bulk_update", "delete", "set", "clear", "add", "remove"),
    *("create_user", "create_superuser", "set_password", "execute", "executemany", "raw"),
}
# Outside of the services: what looks like a write, and is none, or is a service.
ALLOWED = {
    ("admin/people.py", "people.create_user"): "a service",
    ("admin/people.py", "people.set_password"): "a service",
    ("admin/accounts.py", "people.set_password"): "a service",
    ("admin/people.py", "second_factor.remove"): "a service",
    ("admin/second_factor.py", "second_factor.add"): "a service",
    ("api/callers.py", "_known.clear"): "a cache of this process",
    ("api/lane.py", "self._hosts.add"): "a cache of this process",
    ("audit/database_role.py", "cursor.execute"): "gives a role its rights",
    ("audit/guards.py", "cursor.execute"): "puts triggers up and takes them down",
    ("audit/leaves.py", "cursor.execute"): "reads rows as bytes",
    ("audit/verification.py", "digest.update"): "adds to a hash",
    ("desk/home.py", "refused[row['refusal']].update"): "adds up in a Counter",
    ("health.py", "cursor.execute"): "asks whether the database answers",
    ("querysets.py", "cursor.execute"): "takes the lock of a badge or of a key",
    ("rules.py", "seen.add"): "a set of values",
}


def calls():
    """Yield (file, call) of everything outside of the services that is called like a write."""
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
