"""Exports at the desk: requested on a ledger's page, downloaded once by their owner, and listed."""

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
    """Return a function that requests an export with the form of a ledger's page."""

    def post(**fields):
        return browser.post(NEW, {"ledger": "requests", "format": "CSV"} | fields)

    return post


def file_of(export):
    return reverse("desk:export-file", args=[export.pk])


def whole(answer):
    return b"".join(answer.streaming_content)


def test_pages_of_ledgers_offer_an_export_with_permission(browser, client, supervisor):
    for address in ("/desk/requests/", "/desk/history/issued/", "/desk/history/definitions/"):
        assert NEW in browser.get(address).text

    client.force_login(supervisor)
    assert NEW not in client.get("/desk/requests/").text


def test_an_export_has_exactly_the_filtered_rows_and_is_sent_once(browser, ask):
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
    _header, line, end = lines
    assert refused.request_id in line
    assert end.startswith('"END",1,')
    page = browser.get(receipt.url).text
    assert hashlib.sha256(file).hexdigest() in page
    again = browser.post(file_of(export), follow=True)
    assert "was downloaded already" in again.text


def test_the_receipt_of_an_export_shows_its_ledger_and_filter(browser, ask):
    ask(outcome="REFUSED")

    page = browser.get(reverse("desk:export", args=[Export.objects.get().pk])).text

    assert "Refused" in page
    assert "/desk/requests/?outcome=REFUSED" in page


def test_an_invalid_filter_exports_nothing(ask):
    answer = ask(customer_id="x")

    assert answer.url == "/desk/requests/"
    assert not Export.objects.exists()


@pytest.mark.parametrize("fields", [{"ledger": "x"}, {"format": "PDF"}, {"ledger": ""}])
def test_an_unknown_ledger_or_format_exports_nothing(ask, fields):
    assert ask(**fields).status_code == 302
    assert not Export.objects.exists()
    assert not RequestLog.objects.exists()


def test_an_export_is_sent_only_to_its_user(browser, ask, client):
    ask()
    export = Export.objects.get()
    client.force_login(UserFactory(role="Auditor"))

    answer = client.post(file_of(export), follow=True)

    assert "goes to who asked for it" in answer.text
    export.refresh_from_db()
    assert export.begun_at is None
    assert f'action="{file_of(export)}"' not in answer.text


def test_an_export_requires_the_current_permission_for_its_ledger(browser, ask, auditor):
    ask()
    auditor.groups.clear()

    assert browser.post(file_of(Export.objects.get())).status_code == 403
    assert not RequestLog.objects.filter(operation=Operation.FINISH_EXPORT).exists()


def test_the_list_of_exports_is_newest_first_and_paged_by_key(browser, ask, monkeypatch):
    monkeypatch.setattr("badges.desk.ledgers.exports.SHOWN", 2)
    EarnedBadgeFactory()
    for ledger in ("requests", "issued", "enrolments"):
        ask(ledger=ledger)

    first = browser.get(LIST)
    older = browser.get(LIST + first.context["pager"].after[0].url)

    assert [each["export"].ledger for each in first.context["exports"]] == ["enrolments", "issued"]
    assert [each["export"].ledger for each in older.context["exports"]] == ["requests"]


@pytest.mark.parametrize("beyond", ["x", "-1", "9" * 30])
def test_an_invalid_cursor_of_exports_shows_the_newest(browser, ask, beyond):
    ask()
    assert len(browser.get(LIST, {"beyond": beyond}).context["exports"]) == 1


def test_an_unknown_export_is_not_found(browser):
    assert browser.get(f"{LIST}{2**70}/").status_code == 404
    assert browser.get(f"{LIST}7/progress/").status_code == 404
