"""A backup of a live database is restored and verified against the published seals."""

import os
import shutil
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from badges.services.record.seals import seal_all
from tests.conftest import need

pytestmark = pytest.mark.django_db(transaction=True)

PROJECT = settings.BASE_DIR
# The command of badgeadmin/README.md.
OF_SQLITE = "import sqlite3; sqlite3.connect({source!r}).backup(sqlite3.connect({copy!r}))"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


@pytest.fixture
def restored(tmp_path):
    """Return a function that copies the database, restores the copy and returns its URL."""
    made = []

    def of_sqlite():
        copy = str(tmp_path / "copy.sqlite3")
        source = str(connection.settings_dict["NAME"])
        run(sys.executable, "-c", OF_SQLITE.format(source=source, copy=copy))
        return f"sqlite:///{copy}"

    def of_postgresql():
        need(shutil.which("pg_dump") is not None, "pg_dump and pg_restore are not installed")
        known = connection.settings_dict
        server = ("-h", known["HOST"] or "/var/run/postgresql", "-U", known["USER"])
        name, dump = f"{known['NAME']}_restored", str(tmp_path / "badges.dump")
        run("pg_dump", *server, "-Fc", "-f", dump, known["NAME"])
        run("createdb", *server, name)
        made.append((*server, name))
        run("pg_restore", *server, "-d", name, "--exit-on-error", dump)
        return f"postgres://{known['USER']}@{known['HOST']}:{known['PORT'] or 5432}/{name}"

    yield of_postgresql if connection.vendor == "postgresql" else of_sqlite
    for arguments in made:
        run("dropdb", *arguments)


def test_a_restored_backup_verifies(restored, earn, live_badge, audit_files, tmp_path):
    for customer_id in range(1, 6):
        earn(live_badge, customer_id=customer_id)
    seal_all()

    address = restored()
    earn(live_badge, customer_id=6)  # after the backup
    found = subprocess.run(  # noqa: S603
        [sys.executable, "manage.py", "verify_audit_log", "--heads", settings.AUDIT_HEADS],
        cwd=PROJECT,
        env=os.environ
        | {
            "DATABASE_URL": address,
            "SECRET_KEY": "of-a-test",
            "VAR_DIR": str(tmp_path),
            "AUDIT_SIGNING_KEY": str(settings.AUDIT_SIGNING_KEY),
        },
        capture_output=True,
        text=True,
    )

    assert found.returncode == 0, found.stdout + found.stderr
    call_command("verify_audit_log", "--heads", str(settings.AUDIT_HEADS))
