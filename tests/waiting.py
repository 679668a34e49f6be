"""Waits of tests. Each is for a condition that must become true, and fails after TIMEOUT."""

import time

from django.db import connection

# Seconds that a test waits for an event that must happen. This takes long on a slow and busy
# machine, and times out only on a fault.
TIMEOUT = 120
PAUSE = 0.01


def wait_until(condition):
    """Wait until a condition is true. Fail the test after TIMEOUT seconds."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "The condition did not become true in time."
        time.sleep(PAUSE)


def wait_until_blocked(number):
    """Wait until `number` connections wait for a lock (PostgreSQL)."""

    def are_blocked():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
            return cursor.fetchone()[0] >= number

    wait_until(are_blocked)
