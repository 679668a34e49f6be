"""One request at the desk: its content, its response, and the rows that it wrote."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges.desk.ledgers.request_page import SHOWN, format_content
from badges.models import EarnedBadge, Operation, RefusedItem, Seal
from badges.services.catalogue.definitions import claim_badge
from badges.services.customers.enrol import enrol_customers
from badges.services.customers.revoke import revoke_many
from badges.services.earning.earn import earn_badges
from badges.services.record.seals import seal_all
from tests.factories import (
    LOYALTY,
    NOW,
    BadgeMetaFactory,
    BadgeRevisionFactory,
    EarnedBadgeFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, auditor):
    client.force_login(auditor)
    return client


def address(row):
    return f"/desk/requests/{row.pk}/"


@pytest.mark.parametrize("number", [0, 7, 2**63, 10**40])
def test_an_unknown_request_has_no_page(browser, number):
    assert browser.get(f"/desk/requests/{number}/").status_code == 404


def test_the_request_page_shows_the_seal_with_permission(audit_files, browser, member_care):
    row = RequestLogFactory()
    before = browser.get(address(row)).text
    seal_all()
    seal = Seal.objects.get()

    assert "not yet" in before
    page = browser.get(address(row)).text
    assert "by seal 1" in page
    assert seal.hash in page
    browser.force_login(member_care)
    assert seal.hash not in browser.get(address(row)).text


def test_the_request_page_shows_all_fields_of_a_refusal(unguarded, browser, integrator):
    error = {"code": 815, "message": "Not <now>.", "reference": "customerId"}
    row = RequestLogFactory(
        refused=True,
        errors=[error, {"code": 750, "message": "Too early."}],
        integrator=integrator,
        badge=BadgeMetaFactory(name="Welcome"),
        customer_id=1001,
        request_id="2132",
        reason="Called in",
        fingerprint="f" * 64,
    )
    type(row).objects.filter(pk=row.pk).update(recorded_at=NOW.replace(microsecond=250_000))

    page = browser.get(address(row)).text

    for words in (
        *("Refused", "Code 815", "Not &lt;now&gt;.", "customerId", "Code 750", "Too early."),
        *("Loyalty engine", "2132", "Called in", "f" * 64, "250 ms"),
        *("2026-03-15 12:00:00.000000 UTC", "2026-03-15 12:00:00.250000 UTC"),
        *('href="/desk/customers/1001/"', f'href="/desk/badges/{row.badge_id}/"'),
    ):
        assert words in page
    assert "/desk/receipts/" not in page


def test_content_is_shown_formatted_and_raw(browser):
    row = RequestLogFactory(refused=True, content='{"name":"<script>é","customers":[1,2]}')

    answer = browser.get(address(row))

    assert answer.context["formatted"].splitlines()[:2] == ["{", '  "name": "<script>é",']
    assert (
        "{&quot;name&quot;:&quot;&lt;script&gt;é&quot;,&quot;customers&quot;:[1,2]}" in answer.text
    )
    assert "<script>é" not in answer.text


@pytest.mark.parametrize(
    "content",
    [
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": "\\ud800"}',
        "[" * 9_000,
        "9" * 9_000,
        "requestId=1",
        '{"a": ',
    ],
)
def test_invalid_content_is_shown_raw(browser, content):
    row = RequestLogFactory(refused=True, content=content)

    answer = browser.get(address(row))

    assert format_content(content) == ""
    assert answer.status_code == 200
    assert answer.context["content"] == content


def test_a_very_long_content_is_truncated(browser):
    row = RequestLogFactory(content="x" * 25_000)

    answer = browser.get(address(row))

    assert "… 5000 more characters" in answer.text
    assert len(answer.context["content"]) == 20_000


def test_the_request_page_lists_the_first_results(browser, desk_origin, live_badge):
    call = {"origin": desk_origin, "request_id": "list", "badge_id": live_badge.pk}
    row = earn_badges(customer_ids=range(1, SHOWN + 3), **call).request
    RefusedItem.objects.bulk_create(
        RefusedItem(request=row, customer_id=900_000 + number, code=2001, message="Full.")
        for number in range(SHOWN + 2)
    )

    first = browser.get(address(row))
    rest = browser.get(address(row) + first.context["refused"]["pager"].after[0].url)
    all_of_them = browser.get(first.context["results"][0].all_of_them)

    assert len(first.context["results"][0].facts) == SHOWN
    assert len(first.context["refused"]["rows"]) == SHOWN
    assert [each.customer_id for each in rest.context["refused"]["rows"]] == [900_050, 900_051]
    assert rest.context["refused"]["pager"].after == []
    assert len(all_of_them.context["rows"]) == 50
    assert all_of_them.context["page"].older
    assert f'href="/desk/receipts/{row.pk}/"' in first.text


@pytest.mark.parametrize(
    "after", ["x", "²", "-1", "9" * 30, "9.", "²1.1", f"{2**63}.1", f"1.{2**63}"]
)
def test_an_invalid_cursor_of_results_shows_the_first(browser, after):
    row = RequestLogFactory(operation=Operation.EARN_BULK)
    RefusedItem.objects.create(request=row, customer_id=7, code=2001, message="Full.")

    answer = browser.get(address(row), {"refused": after})

    assert len(answer.context["refused"]["rows"]) == 1


def test_each_kind_of_result_has_a_link(browser, desk_origin, live_badge, enrolled_badge):
    fact = EarnedBadgeFactory(badge=live_badge)
    call = {"origin": desk_origin, "now": NOW}
    revoked = revoke_many(earned_badge_ids=[fact.pk], request_id="back", **call).request
    enrolled = enrol_customers(
        customer_ids=[7], owner=None, badge_id=enrolled_badge.pk, request_id="in", **call
    ).request
    claim_badge(badge_id=live_badge.pk, owner=LOYALTY, **call)
    revision = BadgeRevisionFactory()

    assert f"#at-{fact.pk}" in browser.get(address(revoked)).text
    assert 'href="/desk/customers/7/badges/' in browser.get(address(enrolled)).text
    page = browser.get(address(revision.request)).text
    assert f'href="/desk/history/definitions/?number={revision.request_id}"' in page


def test_the_request_page_lists_all_attempts_with_its_id(browser):
    rows = [RequestLogFactory(request_id="a/b&c", refused=True) for _number in range(2)]
    rows.append(RequestLogFactory(request_id="a/b&c"))
    RequestLogFactory(request_id="other")

    answer = browser.get(address(rows[1]))

    assert [row.pk for row in answer.context["attempts"]["rows"]] == [row.pk for row in rows[::-1]]
    assert f'href="{address(rows[2])}"' in answer.text
    assert "?request_id=a%2Fb%26c" in answer.text


def test_a_request_without_an_id_has_no_other_attempts(browser):
    RequestLogFactory(request_id=None)

    assert browser.get(address(RequestLogFactory(request_id=None))).context["attempts"] is None


def test_the_request_page_with_only_its_permission_has_no_links(client):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_requestlog"))
    client.force_login(user)
    fact = EarnedBadgeFactory()

    page = client.get(address(fact.request)).text

    assert fact.pk not in page
    assert "/desk/customers/" not in page
    assert "/desk/badges/" not in page
    assert "Revoke everything" not in page


def test_the_query_count_of_the_request_page_is_constant(browser, live_badge):
    queries = []
    for count in (1, 8):
        row = RequestLogFactory(operation=Operation.EARN_BULK)
        EarnedBadgeFactory.create_batch(count, request=row, badge=live_badge)
        browser.get(address(row))
        with CaptureQueriesContext(connection) as asked:
            browser.get(address(row))
        queries.append(len(asked))

    assert queries[0] == queries[1] <= 15
    assert EarnedBadge.objects.count() == 9
