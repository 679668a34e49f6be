"""Receipts of enrolments: of one, of many, and of revoked ones."""

import pytest

from badges.models import Enrolment, Operation, RequestLog
from badges.services.customers.enrol import enrol_customers
from badges.services.customers.revoke import EnrolmentToRevoke, revoke_enrolments
from tests.factories import FAR_AHEAD, NOW, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrol(desk_origin, enrolled_badge):
    """Return a function that enrols customers for the badge and returns the request."""

    def ask(*customer_ids, request_id="enrol-1"):
        return enrol_customers(
            origin=desk_origin,
            request_id=request_id,
            badge_id=enrolled_badge.pk,
            customer_ids=customer_ids,
            now=NOW,
        ).request

    return ask


@pytest.fixture
def revoke(desk_origin, enrolled_badge):
    """Return a function that revokes all enrolments of customers and returns the request."""

    def ask(*customer_ids):
        return revoke_enrolments(
            origin=desk_origin,
            badge_id=enrolled_badge.pk,
            enrolments=[EnrolmentToRevoke(customer_id) for customer_id in customer_ids],
            now=NOW,
        ).request

    return ask


def receipt_of(request):
    return f"/desk/receipts/{request.pk}/"


def test_a_receipt_of_an_enrolment_has_all_fields(desk, enrol, enrolled_badge):
    request = enrol(1001)

    page = desk.get(receipt_of(request)).text

    enrolment = Enrolment.objects.get()
    for text in (
        "Summer",
        "customer 1001 enrolled",
        enrolment.pk,
        "maria",
        "Staff desk",
        "Called in",
        "enrol-1",
        f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        f"{FAR_AHEAD:%Y-%m-%dT%H:%M:%SZ}",
        f'href="/desk/badges/{enrolled_badge.pk}/"',
        "data-desk-print",
    ):
        assert text in page


def test_a_receipt_of_an_enrolment_links_to_issuing_the_badge(desk, enrol, enrolled_badge):
    request = enrol(1001)
    way = f"/desk/issue/?badge={enrolled_badge.pk}&customer_of={request.pk}"
    assert way.replace("&", "&amp;") in desk.get(receipt_of(request)).text

    form = desk.get(way).context["form"]

    assert form.initial == {"badge_id": enrolled_badge.pk, "customer_id": 1001}


def test_a_receipt_of_many_enrolments_has_a_line_for_each(desk, enrol):
    enrol(2, request_id="before")

    answer = desk.get(receipt_of(enrol(1, 2, 3)))

    assert answer.context["heading"] == "2 enrolled, 1 refused"
    lines = [(row.customer_id, row.label, row.code) for row in answer.context["rows"]]
    assert lines == [(1, "Enrolled", None), (2, "Refused", 1040), (3, "Enrolled", None)]
    for enrolment in Enrolment.objects.filter(customer_id__in=[1, 3]):
        assert f"#at-{enrolment.pk}" in answer.text


def test_a_receipt_of_an_enrolment_shows_a_refusal(desk, enrol):
    enrol(1001, request_id="before")

    answer = desk.get(receipt_of(enrol(1001)))

    assert answer.context["heading"] == "0 enrolled, 1 refused"
    assert "Code 1040" in answer.text


def test_a_receipt_of_many_enrolments_has_pages(desk, enrol):
    request = enrol(*range(1, 252))

    first = desk.get(receipt_of(request))
    second = desk.get(receipt_of(request) + first.context["pager"].after[0].url)

    assert [len(page.context["rows"]) for page in (first, second)] == [200, 51]
    assert second.context["rows"][0].customer_id == 201


def test_revoked_enrolments_have_a_receipt_that_is_linked_from_both(desk, enrol, revoke):
    request = enrol(1001)

    revocation = revoke(1001, 1002)

    answer = desk.get(receipt_of(revocation))
    assert answer.context["heading"] == "1 enrolment revoked, 1 not"
    assert [row.customer_id for row in answer.context["rows"]] == [1001]
    assert "Revoked enrolments" in answer.text
    assert "Badges issued during an enrolment are not affected." in answer.text
    assert "reissue_of" not in answer.text
    enrolled = desk.get(receipt_of(request)).text
    assert f'href="{receipt_of(revocation)}"' in enrolled
    assert "Issue it to this customer" not in enrolled


def test_the_timeline_links_to_every_receipt_of_enrolments(desk, enrol, revoke, enrolled_badge):
    requests = [enrol(1001), revoke(1001), enrol(1001, 1002, request_id="both")]
    requests.append(enrol(1001, 1003, request_id="refused in part"))

    page = desk.get(f"/desk/customers/1001/badges/{enrolled_badge.pk}/").text

    for request in requests:
        assert f'href="{receipt_of(request)}"' in page
        assert desk.get(receipt_of(request)).status_code == 200


def test_a_refused_request_for_enrolments_has_no_receipt(desk, desk_origin, live_badge):
    page = f"/desk/customers/1001/badges/{live_badge.pk}/"
    desk.post(f"{page}enrol/", {"request_id": f"desk-{'0' * 32}"})

    refused = RequestLog.objects.get()
    assert (refused.operation, refused.code) == (Operation.ENROL_BULK, 400)
    assert receipt_of(refused) not in desk.get(page).text
    assert desk.get(receipt_of(refused)).status_code == 404


def test_a_receipt_of_an_enrolment_requires_its_permission(client, enrol):
    client.force_login(UserFactory())

    assert client.get(receipt_of(enrol(1001))).status_code == 403


def test_an_auditor_has_no_links_on_a_receipt_of_an_enrolment(client, auditor, enrol):
    client.force_login(auditor)

    page = client.get(receipt_of(enrol(1001))).text

    assert "customer 1001 enrolled" in page
    assert "/desk/issue/" not in page
