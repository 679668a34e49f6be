"""Exports at the desk: asked for on the page of a ledger, fetched once by who asked, and listed."""

import hashlib

import pytest
from django.urls import reverse

from badges.models import Export, Operation, RequestLog
from tests.factories import EarnedBadgeFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db
NEW, LIST = "/desk/exports/new/", "/desk/exports/"


@pytest.fixture
def browser(client, auditor):
    client.force_login(auditor)
    return client


@pytest.fixture
def ask(browser):
    """Return a function that asks for an export, as the form of a ledger's page does."""

    def post(**fields):
        return browser.post(NEW, {"ledger": "requests", "format": "CSV"} | fields)

    return post


def file_of(export):
    return reverse("desk:export-file", args=[export.pk])


def whole(answer):
    return b"".join(answer.streaming_content)


def test_the_pages_of_the_ledgers_offer_it_to_who_may(browser, client, supervisor):
    for address in ("/desk/requests/", "/desk/history/issued/", "/desk/history/definitions/"):
        assert NEW in browser.get(address).text

    client.force_login(supervisor)
    assert NEW not in client.get("/desk/requests/").text


def test_exactly_what_is_filtered_is_fetched_once(browser, ask):
    refused = RequestLogFactory(refused=True)
    RequestLogFactory()

    receipt = ask(outcome="REFUSED")
    export = Export.objects.get()
    answer = browser.post(file_of(export))
    file = whole(answer)

    assert receipt.url == reverse("desk:export", args=[export.pk])
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        f'filename="badgeadmin-requests-{export.request_id}.csv"'
        in (answer.headers["Content-Disposition"])
    )
    lines = file.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert refused.request_id in lines[1]
    page = browser.get(receipt.url).text
    assert hashlib.sha256(file).hexdigest() in page
    again = browser.post(file_of(export), follow=True)
    assert "was sent already" in again.text


def test_the_receipt_says_what_it_is_of(browser, ask):
    ask(outcome="REFUSED")

    page = browser.get(reverse("desk:export", args=[Export.objects.get().pk])).text

    assert "Refused" in page
    assert "/desk/requests/?outcome=REFUSED" in page


def test_a_filter_that_makes_no_sense_exports_nothing(ask):
    answer = ask(customer_id="x")

    assert answer.url == "/desk/requests/"
    assert not Export.objects.exists()


@pytest.mark.parametrize("fields", [{"ledger": "x"}, {"format": "PDF"}, {"ledger": ""}])
def test_what_is_not_offered_exports_nothing(ask, fields):
    assert ask(**fields).status_code == 302
    assert not Export.objects.exists()
    assert not RequestLog.objects.exists()


def test_the_file_goes_to_who_asked_for_it(browser, ask, client):
    ask()
    export = Export.objects.get()
    client.force_login(UserFactory(role="Auditor"))

    answer = client.post(file_of(export), follow=True)

    assert "goes to who asked for it" in answer.text
    export.refresh_from_db()
    assert export.begun_at is None
    assert f'action="{file_of(export)}"' not in answer.text


def test_who_lost_the_right_to_a_ledger_gets_no_file_of_it(browser, ask, auditor):
    ask()
    auditor.groups.clear()

    assert browser.post(file_of(Export.objects.get())).status_code == 403
    assert not RequestLog.objects.filter(operation=Operation.FINISH_EXPORT).exists()


def test_the_list_shows_the_newest_first_and_pages_by_key(browser, ask, monkeypatch):
    monkeypatch.setattr("badges.desk.ledgers.exports.SHOWN", 2)
    EarnedBadgeFactory()
    for ledger in ("requests", "issued", "enrolments"):
        ask(ledger=ledger)

    first = browser.get(LIST)
    older = browser.get(LIST, {"before": first.context["older"]})

    assert [each["export"].ledger for each in first.context["exports"]] == ["enrolments", "issued"]
    assert [each["export"].ledger for each in older.context["exports"]] == ["requests"]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30])
def test_a_page_that_is_none_shows_the_newest(browser, ask, before):
    ask()
    assert len(browser.get(LIST, {"before": before}).context["exports"]) == 1


def test_an_export_that_is_none_is_not_found(browser):
    assert browser.get(f"{LIST}{2**70}/").status_code == 404
    assert browser.get(f"{LIST}7/progress/").status_code == 404
