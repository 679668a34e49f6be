"""Every page on large tables: few queries, and few rows read by each."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse

from badges.management.demo import log_ins
from badges.models import BadgeMeta
from tests.bench import background, fill, pages

pytestmark = pytest.mark.django_db

REQUESTS, EARNED, BIG_LIST = 6_000, 20_000, 6_000
BADGES, OTHERS = 4_000, 2_000

# A sequential scan is the cheapest plan for tables this small. With these costs, which depend on
# rows only, the planner uses an index if there is one, as it does with millions of rows. A query
# without an index still reads all rows and fails the test.
SETTINGS = ["cpu_tuple_cost = 1", "random_page_cost = 0", "jit = off"]

# On SQLite, the indexes that must find the counts, and the steps of a plan that read a whole table.
INDEXES = {
    "actor_count_by_refused",
    "actor_count_by_requests",
    "badge_count_by_issued",
    "daily_count_by_integrator",
    "badge_by_earn_type",
    "badge_by_end",
    "badge_by_start",
    "badge_owner_by_type",
    "claim_by_badge",
    "claim_by_owner_type",
}
FILTERED = {
    "admin:badges_badgemeta_changelist": [
        "earn_type__exact=EARN",
        "owner=Journeys",
        "status=LIVE",
        "status=UPCOMING",
    ],
    "admin:badges_claim_changelist": [
        "owner_type__exact=Journeys",
        f"badge__id__exact={'0' * 24}",
    ],
}
COUNTS = ("actorcount", "badgecount", "dailycount", "earnlimit", "earntally")
SCANS = tuple(f"SCAN badges_{table}" for table in COUNTS)


@pytest.fixture
def supervisor_of_years(client, needs_postgresql):
    """Return a supervisor's client. The database has large ledgers and thousands of other rows."""
    fill.fill(REQUESTS, EARNED, log_ins.make(), big=BIG_LIST)
    claimed = BadgeMeta.objects.get(name="Bench badge 05")
    background.fill(BADGES, OTHERS, claimed=claimed.pk)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        for setting in SETTINGS:
            cursor.execute(f"SET LOCAL {setting}")
    client.force_login(User.objects.get(username="supervisor"))
    return client


def test_every_page_has_few_queries_and_reads_few_rows(supervisor_of_years):
    client = supervisor_of_years
    found = [pages.measured(visit, client) for visit in pages.visits()]
    client.force_login(pages.administrator())
    found += [pages.measured(visit, client) for visit in pages.of_admin()]

    assert {each.status for each in found} == {200, 302}
    assert [each for each in found if not each.is_within_limits] == []
    # This proves that the tables are large enough: some page reads more than half of the limit.
    assert max(each.rows for each in found) > pages.MAX_ROWS / 2


def test_counts_limits_and_filters_use_indexes_on_sqlite(client, live_badge):
    if connection.vendor != "sqlite":
        pytest.skip("On PostgreSQL, the test above counts the rows.")
    client.force_login(User.objects.create_superuser("chief"))
    asked, plans = [], []

    def remember(execute, sql, params, many, context):
        if sql.lstrip("(").startswith("SELECT"):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remember):
        for name in ("desk:home", "desk:figures", "desk:requests"):
            assert client.get(reverse(name)).status_code == 200
        for name, queries in FILTERED.items():
            for query in queries:
                assert client.get(f"{reverse(name)}?{query}").status_code == 200
    with connection.cursor() as cursor:
        for sql, params in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plans += [step for *_numbers, step in cursor.fetchall()]

    used = {name for name in INDEXES for step in plans if f"INDEX {name} (" in step}
    assert used == INDEXES
    assert [step for step in plans if step.startswith(SCANS)] == []
