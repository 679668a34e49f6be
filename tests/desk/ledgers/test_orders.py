"""The orders of the ledgers: pages are contiguous in each order, and read by an index."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges.audit.reading import PAGE_SIZE
from tests.factories import (
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    RequestLogFactory,
)

pytestmark = pytest.mark.django_db

LOG = "/desk/requests/"
ISSUED = "/desk/history/issued/"
MAX_PAGES = 5


@pytest.fixture
def browser(client, auditor):
    client.force_login(auditor)
    return client


def linked(answer, rel):
    found = re.search(f'rel="{rel}" href="([^"]+)"', answer.text)
    return found and unescape(found[1])


def pages_from(browser, address, rel):
    """Return the pages that the links of one direction lead to, with the first one."""
    answers = [browser.get(address)]
    for _page in range(MAX_PAGES):
        if following := linked(answers[-1], rel):
            answers.append(browser.get(following))
    return answers


def pages_of(browser, address, pk):
    """Return the keys on all pages from an address on, and then on the way back."""
    on = pages_from(browser, address, "next")
    back = pages_from(browser, on[-1].wsgi_request.get_full_path(), "prev")[::-1]
    return tuple([[pk(row) for row in each.context["rows"]] for each in way] for way in (on, back))


def test_the_request_log_can_be_read_from_its_oldest_request(browser):
    pks = [row.pk for row in RequestLogFactory.create_batch(2 * PAGE_SIZE + 10)]

    on, back = pages_of(browser, f"{LOG}?sort=time", lambda row: row.pk)

    assert [pk for page in on for pk in page] == pks
    assert on == back


def test_the_oldest_request_of_a_filter_is_first(browser):
    rows = RequestLogFactory.create_batch(PAGE_SIZE + 1, refused=True)
    RequestLogFactory()

    on, back = pages_of(browser, f"{LOG}?sort=time&outcome=REFUSED", lambda row: row.pk)

    assert [pk for page in on for pk in page] == [row.pk for row in rows]
    assert on == back


def test_the_oldest_requests_are_not_updated_live(browser):
    RequestLogFactory()

    assert "data-ledger-live" in browser.get(LOG).text
    assert "data-ledger-live" not in browser.get(LOG, {"sort": "time"}).text
    assert "Oldest" in browser.get(LOG, {"sort": "time", "newer": "1"}).text


@pytest.mark.parametrize("make", [EarnedBadgeFactory, EnrolmentFactory])
@pytest.mark.parametrize("sort", ["customer", "-customer"])
def test_the_history_can_be_sorted_by_customer(browser, make, sort):
    address = ISSUED if make is EarnedBadgeFactory else "/desk/history/enrolments/"
    badge = BadgeMetaFactory()
    facts = [make(badge=badge, customer_id=7 * number % 61 + 1) for number in range(61)]
    expected = sorted(facts, key=lambda fact: fact.customer_id, reverse=sort != "customer")

    on, back = pages_of(browser, f"{address}?sort={sort}", lambda row: row["fact"].customer_id)

    assert [each for page in on for each in page] == [fact.customer_id for fact in expected]
    assert on == back


def test_several_badges_of_a_customer_are_on_contiguous_pages(browser):
    request, badges = RequestLogFactory(), BadgeMetaFactory.create_batch(2)
    facts = [
        EarnedBadgeFactory(badge=badge, customer_id=7, request=request)
        for badge in badges
        for _number in range(PAGE_SIZE)
    ]

    on, back = pages_of(browser, f"{ISSUED}?sort=customer", lambda row: row["fact"].pk)

    assert sorted(pk for page in on for pk in page) == sorted(fact.pk for fact in facts)
    assert on == back


def test_a_filtered_history_is_sorted_by_time_only(browser):
    first, second = (EarnedBadgeFactory(customer_id=number) for number in (1, 2))

    answer = browser.get(ISSUED, {"sort": "customer", "channel": "COMMAND"})

    assert [row["fact"].pk for row in answer.context["rows"]] == [second.pk, first.pk]
    assert "sort=customer" not in answer.text.partition("<thead>")[2].partition("</thead>")[0]


def test_an_order_by_customer_is_read_by_an_index(browser):
    EarnedBadgeFactory()
    with CaptureQueriesContext(connection) as asked:
        browser.get(ISSUED, {"sort": "customer"})
    sorted_by = [each["sql"] for each in asked if f"LIMIT {PAGE_SIZE + 1}" in each["sql"]]

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sorted_by[0]}")
        else:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sorted_by[0]}")
        plan = " ".join(str(step[-1]) for step in cursor.fetchall())

    assert "earned_by_customer" in plan


@pytest.mark.parametrize("place", ["1.x.1.x", f"1.{'a' * 24}.x.{'a' * 24}", f"1.{'a' * 24}.1.x"])
def test_an_invalid_cursor_of_an_order_is_the_first_page(browser, place):
    fact = EarnedBadgeFactory()

    answer = browser.get(ISSUED, {"sort": "customer", "newer": place})

    assert [row["fact"].pk for row in answer.context["rows"]] == [fact.pk]
