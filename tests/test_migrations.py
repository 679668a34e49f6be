"""Migrations of a database that is in use: nobody who writes has to wait for them."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

from badges.models import Channel, EarnedBadge, RequestLog
from badges.online import AddIndexOnline, RemoveIndexOnline
from badges.services.earn import earn_badge
from badges.services.requests import Origin
from tests.factories import CUSTOMER, LOYALTY, NOW, BadgeMetaFactory

# Migrations up to here make the tables, which nobody has filled yet.
BEFORE_ANY_ROWS = "0011"
PATIENCE = 30


def later_operations():
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app == "badges" and name[:4] > BEFORE_ANY_ROWS:
            for operation in migration.operations:
                yield name, operation


def test_later_migrations_hold_nobody_up():
    online = (AddIndexOnline, RemoveIndexOnline)
    others = {
        (name, type(operation).__name__, getattr(operation, "name", ""))
        for name, operation in later_operations()
        if not isinstance(operation, online)
    }

    # What choices a column has is nothing to the database.
    assert others == {("0014_add_second_factors", "AlterField", "operation")}


@pytest.mark.django_db(transaction=True)
def test_an_index_is_built_while_badges_are_earned(needs_postgresql):
    badge = BadgeMetaFactory(claimed=True)

    def earn(number):
        return earn_badge(
            origin=Origin(channel=Channel.COMMAND),
            request_id=f"earn-{number}",
            badge_id=badge.pk,
            customer_id=CUSTOMER + number,
            owner=LOYALTY,
            now=NOW,
        )

    for number in range(50):
        earn(number)
    call_command("migrate", "badges", "0011", verbosity=0)
    try:
        with closing(connection.copy()) as other, ThreadPoolExecutor() as pool:
            with other.cursor() as cursor:
                other.set_autocommit(False)
                cursor.execute("UPDATE badges_earnedbadge SET id = id WHERE false")
                migration = pool.submit(migrated)
                try:
                    wait_until_somebody_waits(other)
                    with connection.cursor() as own:
                        own.execute("SET lock_timeout = '2s'")
                    assert not migration.done()
                    assert earn(50).customer_id == CUSTOMER + 50
                finally:
                    other.rollback()
            migration.result(timeout=PATIENCE)
    finally:
        call_command("migrate", "badges", verbosity=0)

    assert EarnedBadge.objects.count() == RequestLog.objects.accepted().count() == 51
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
        assert cursor.fetchone() == (0,)


def migrated():
    try:
        call_command("migrate", "badges", verbosity=0)
    finally:
        connections.close_all()


def wait_until_somebody_waits(other):
    """Wait until an index is being built, or dropped, and waits for the transaction of `other`."""
    end = time.monotonic() + PATIENCE
    with other.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    pytest.fail("The migration waited for nobody.")
