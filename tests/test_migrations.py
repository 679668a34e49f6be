"""Migrations of a live database do not block writers."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, CreateModel

from badges.migration_operations import AddIndexNonBlocking, RemoveIndexNonBlocking
from badges.models import Channel, EarnedBadge, RequestLog
from badges.services.earning.earn import earn_badge
from badges.services.request_log import Origin
from tests.factories import CUSTOMER, BadgeMetaFactory, earn_arguments
from tests.waiting import TIMEOUT, wait_until_blocked

# The migrations up to this one create tables, which have no rows yet.
BEFORE_ANY_ROWS = "0011"


def later_operations():
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app == "badges" and name[:4] > BEFORE_ANY_ROWS:
            for operation in migration.operations:
                yield name, operation


def is_quick(operation):
    """Return whether the operation reads no rows: a new table, or a nullable or default column."""
    if isinstance(operation, AddField):
        return operation.field.null or operation.field.has_db_default()
    return isinstance(operation, CreateModel)


def test_later_migrations_do_not_block_requests():
    online = (AddIndexNonBlocking, RemoveIndexNonBlocking)
    others = {
        (name, type(operation).__name__, getattr(operation, "name", ""))
        for name, operation in later_operations()
        if not isinstance(operation, online) and not is_quick(operation)
    }

    # The database enforces neither choices nor defaults of Python. Keys are filled in batches, the
    # trigram indexes are built concurrently, and a process that finds the counts locked counts
    # nothing. Users are few.
    assert others == {
        ("0014_add_second_factors", "AlterField", "operation"),
        ("0017_add_search_keys", "RunPython", ""),
        ("0022_find_names_by_trigrams", "RunPython", ""),
        ("0024_add_counts_of_all_actors", "RunPython", ""),
        ("0026_index_filters_of_the_admin", "RunSQL", ""),
        ("0027_add_preferences", "AlterField", "operation"),
        ("0028_set_times_of_badges_in_services", "AlterField", "created_at"),
        ("0028_set_times_of_badges_in_services", "AlterField", "updated_at"),
        ("0029_name_the_staff_desk_channel", "AlterField", "channel"),
        ("0030_add_setup_links", "AlterModelOptions", "usersecurity"),
        ("0030_add_setup_links", "AddConstraint", ""),
        ("0031_find_claims_in_any_spelling", "RunPython", ""),
        ("0032_add_reasons_for_issuing", "AlterField", "operation"),
        ("0032_add_reasons_for_issuing", "RunPython", ""),
        ("0033_share_saved_filters", "AlterModelOptions", "savedfilter"),
        ("0034_add_notes_on_customers", "AlterField", "operation"),
    }


@pytest.mark.django_db(transaction=True)
def test_an_index_is_built_while_badges_are_earned(needs_postgresql):
    badge = BadgeMetaFactory(claimed=True)

    def earn(number):
        call = earn_arguments(badge, Origin(channel=Channel.COMMAND))
        call |= {"request_id": f"earn-{number}", "customer_id": CUSTOMER + number}
        return earn_badge(**call)

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
                    wait_until_blocked(1)
                    with connection.cursor() as own:
                        own.execute("SET lock_timeout = '2s'")
                    assert not migration.done()
                    assert earn(50).customer_id == CUSTOMER + 50
                finally:
                    other.rollback()
            migration.result(timeout=TIMEOUT)
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
