"""Issuing a badge to several customers at the desk: a verdict for each one, and one request."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges.models import EarnedBadge, Limit, LimitKind, LimitLevel, Operation, RequestLog
from badges.models import RequestOutcome as Outcome
from tests.desk.conftest import ISSUE, PREVIEW
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
ONE_EACH = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)


def verdicts(panel):
    """Return the customers of the verdict with their codes."""
    return [(row.customer_id, row.code) for row in panel.context["verdict"].rows]


@pytest.fixture
def once_only():
    """Return a badge with a limit of one per customer, which customer 2 has reached."""
    badge = BadgeMetaFactory(name="Once", limits=[ONE_EACH])
    EarnedBadgeFactory(badge=badge, customer_id=2)
    return badge


def test_the_preview_of_a_list_has_totals_and_a_verdict_for_each_customer(desk, filled, once_only):
    fields = filled(badge_id=once_only.pk, customer_id="3, 1\n2;  1 4")
    before = RequestLog.objects.count()

    panel = desk.post(PREVIEW, fields, headers=HTMX)

    page = panel.content.decode()
    assert "3 can be issued, 1 cannot" in page
    assert verdicts(panel) == [(3, None), (1, None), (4, None), (2, 2001)]
    assert "The customer has reached a limit of this badge." in page
    assert (EarnedBadge.objects.count(), RequestLog.objects.count()) == (1, before)


@pytest.mark.parametrize(
    ("badge", "changes", "code"),
    [
        ({"inactive": True}, {}, 815),
        ({"expired": True}, {}, 816),
        ({"enrolled": True}, {}, 811),
        ({}, {"event_at": "2098-01-01T00:00"}, 750),
    ],
)
def test_a_refusal_of_all_customers_is_shown_for_each(desk, filled, badge, changes, code):
    fields = filled(badge_id=BadgeMetaFactory(**badge).pk, customer_id="1 2") | changes

    panel = desk.post(PREVIEW, fields, headers=HTMX)

    assert verdicts(panel) == [(1, code), (2, code)]
    assert "0 can be issued, 2 cannot" in panel.content.decode()
    desk.post(ISSUE, fields)
    assert not EarnedBadge.objects.exists()


def test_the_preview_shows_customers_with_the_badge(desk, filled, live_badge):
    EarnedBadgeFactory.create_batch(2, badge=live_badge, customer_id=5)

    page = desk.post(PREVIEW, filled(customer_id="5 6"), headers=HTMX).content.decode()

    assert "has it 2 times already" in page
    assert "2 can be issued" in page


def test_a_list_is_issued_in_one_request(desk, filled, live_badge, member_care):
    fields = filled(customer_id="3 1 2")

    response = desk.post(ISSUE, fields)

    request = RequestLog.objects.get()
    assert response["Location"] == f"/desk/receipts/{request.pk}/"
    assert (request.operation, request.outcome) == (Operation.EARN_BULK, Outcome.ACCEPTED)
    assert (request.user, request.reason) == (member_care, "Called in")
    assert json.loads(request.content)["customer_id"] == "3 1 2"
    earned = EarnedBadge.objects.all()
    assert sorted(fact.customer_id for fact in earned) == [1, 2, 3]
    assert {(fact.request, fact.owner_type) for fact in earned} == {(request, "Membercare")}


def test_a_single_pasted_customer_is_no_list(desk, filled):
    desk.post(ISSUE, filled(customer_id=" 7, 7 ;"))

    assert RequestLog.objects.get().operation == Operation.EARN
    assert EarnedBadge.objects.get().customer_id == 7


def test_the_receipt_of_a_list_has_every_customer(desk, filled, once_only):
    fields = filled(badge_id=once_only.pk, customer_id="1 2 3")

    receipt = desk.post(ISSUE, fields, follow=True)

    page = receipt.content.decode()
    assert "2 issued, 1 refused" in page
    rows = [(row.customer_id, row.code) for row in receipt.context["rows"]]
    assert rows == [(1, None), (2, 2001), (3, None)]
    for fact in EarnedBadge.objects.filter(request=receipt.context["row"]):
        assert fact.pk in page
    assert f"{ISSUE}?badge={once_only.pk}" in page


def test_a_second_submission_of_a_list_opens_the_same_receipt(desk, filled):
    fields = filled(customer_id="1 2")
    first = desk.post(ISSUE, fields)

    second = desk.post(ISSUE, fields | {"customer_id": "1,\n2"}, follow=True)

    assert second.redirect_chain == [(first["Location"], 302)]
    assert "already issued" in second.content.decode()
    assert EarnedBadge.objects.count() == 2


@pytest.mark.parametrize("customers", ["1 3", "1"])
def test_a_used_form_with_other_customers_issues_nothing(desk, filled, customers):
    fields = filled(customer_id="1 2")
    desk.post(ISSUE, fields)

    page = desk.post(ISSUE, fields | {"customer_id": customers}).content.decode()

    assert "Code 809" in page
    assert EarnedBadge.objects.count() == 2


@pytest.mark.parametrize(
    ("customers", "words"),
    [
        ("1 12a 3", "“12a”: A customer id has digits only."),
        ("1 0", "“0”: No customer can have this id."),
        (" ".join(map(str, range(1, 202))), "At most 200 at once; these are 201."),
        (" , ;\n", "Enter the customer id."),
    ],
)
def test_an_invalid_list_shows_errors_and_writes_nothing(desk, filled, customers, words):
    response = desk.post(ISSUE, filled(customer_id=customers))

    assert words in response.content.decode()
    assert list(response.context["form"].errors) == ["customer_id"]
    assert not RequestLog.objects.exists()


def test_the_query_count_of_the_preview_of_a_list_is_constant(desk, filled, member_care):
    limits = [ONE_EACH, Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 150)]
    badge = BadgeMetaFactory(enrolled=True, limits=limits)
    for customer in range(1, 201):
        EnrolmentFactory(badge=badge, customer_id=customer)
    counts = []
    desk.post(PREVIEW, filled(badge_id=badge.pk, customer_id="1 2"), headers=HTMX)
    for size in 2, 200:
        fields = filled(badge_id=badge.pk, customer_id=" ".join(map(str, range(1, size + 1))))
        with CaptureQueriesContext(connection) as queries:
            panel = desk.post(PREVIEW, fields, headers=HTMX)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 15
    assert "150 can be issued, 50 cannot" in panel.content.decode()


def test_the_query_count_of_the_receipt_of_a_list_is_constant(desk, filled):
    counts = []
    for size in 2, 150:
        fields = filled(customer_id=" ".join(map(str, range(1000 + size, 1000 + 2 * size))))
        address = desk.post(ISSUE, fields)["Location"]
        with CaptureQueriesContext(connection) as queries:
            desk.get(address)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 15


def test_presets_of_the_date_are_hidden_until_a_script_shows_them(desk):
    page = desk.get(ISSUE).content.decode()

    assert 'class="desk-row desk-presets" role="group"' in page
    assert 'data-minutes-ago="10080"' in page
    assert "hidden>" in page.split("desk-presets", 1)[1][:120]
