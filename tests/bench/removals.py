"""Remove one layer of the earn path from this process, for a measurement.

Each function is a context manager that replaces functions of the product and restores them.
"""

from contextlib import ExitStack, contextmanager, nullcontext
from unittest.mock import patch

from django.db import connection, transaction
from psycopg import Cursor

from badges.api import fast_earn
from badges.api.fast_earn import FastEarnMiddleware
from badges.models import EarnedBadge
from badges.services.catalogue import definitions
from badges.services.earning import (
    columns,
    earn,
    fast_path,
    inserts,
    locked_insert,
    prepared,
    slow_path,
)


def middleware():
    """Let Django handle every earn of the API; the service still tries the fast path."""
    return patch.object(FastEarnMiddleware, "_call_of", lambda _self, _environ: None)


@contextmanager
def fast_path_of_service():
    with middleware(), patch.object(earn, "try_fast_earn", lambda _command: None):
        yield


@contextmanager
def locked_insert_of_fast_path():
    """Let the slow path decide earns that need counts or an enrolment."""
    accepting_badge = fast_path.accepting_badge

    def without_lock(command):
        badge = accepting_badge(command)
        return None if badge is None or badge.needs_lock else badge

    with ExitStack() as stack:
        for module in (fast_path, fast_earn):
            stack.enter_context(patch.object(module, "accepting_badge", without_lock))
        # A declined earn would remove the caller from the cache, which is another layer.
        stack.enter_context(patch.object(fast_earn.credential_cache, "forget"))
        yield


def pipeline():
    """Run `locked_insert` in a transaction of Django, with a round trip for each statement."""
    insert = transaction.atomic(locked_insert.lock_count_insert)
    return patch.object(fast_path, "lock_count_insert", insert)


def group_commit():
    """Write each earn of a badge with badge limits in a transaction of its own."""

    def alone(_badge_id):
        return lambda accepted: fast_path._lock_count_insert_all([accepted])[0]

    return patch.object(fast_path, "_group_of_badge", alone)


def libpq_cursor():
    """Run prepared statements by psycopg's cursor instead of `LibpqCursor`."""
    return patch.object(prepared, "_cursor_class", lambda _database: Cursor)


@contextmanager
def prepared_statements():
    """Run the statements by Django's cursor, which prepares none."""

    def execute(statement, given=None):
        cursor = connection.cursor()
        cursor.execute(statement, given)
        return cursor

    with ExitStack() as stack:
        for module in (inserts, locked_insert):
            stack.enter_context(patch.object(module, "execute_prepared", execute))
        yield


def definition_cache():
    return patch.object(definitions, "cached_definition", definitions.reload)


def bulk_insert():
    """Insert the earned badges of a list as model instances."""

    def insert(rows):
        values = ({name: getattr(row, name) for name in columns.EARNED} for row in rows)
        EarnedBadge.objects.bulk_create(EarnedBadge(**each) for each in values)

    return patch.object(slow_path, "insert_earned", insert)


nothing = nullcontext
