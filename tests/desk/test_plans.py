"""Every page of the desk on ledgers that have grown: few queries, and few rows read by each."""

import pytest
from django.contrib.auth.models import User
from django.db import connection

from badges.management.demo import log_ins
from tests.bench import fill, pages

pytestmark = pytest.mark.django_db

REQUESTS, EARNED, BIG_LIST = 6_000, 20_000, 6_000

# Tables this small are soonest read in one go, whatever the indexes. Where rows are what costs, the
# planner goes the way by index if there is one, as it does among millions; a question without one
# still reads them all, and is found out.
SETTINGS = ["cpu_tuple_cost = 1", "random_page_cost = 0", "jit = off"]


@pytest.fixture
def supervisor_of_years(client, needs_postgresql):
    """A supervisor's browser, before ledgers with long lists and a faithful customer."""
    fill.fill(REQUESTS, EARNED, log_ins.make(), big=BIG_LIST)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        for setting in SETTINGS:
            cursor.execute(f"SET LOCAL {setting}")
    client.force_login(User.objects.get(username="supervisor"))
    return client


def test_no_page_asks_much_or_reads_far(supervisor_of_years):
    found = [pages.measured(visit, supervisor_of_years) for visit in pages.visits()]

    assert {each.status for each in found} == {200, 302}
    assert [each for each in found if not each.is_within_limits] == []
    # What is to be bounded is there: the limits are not kept by having little to read.
    assert max(each.rows for each in found) > pages.MOST_ROWS / 2
