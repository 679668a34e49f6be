"""The page that says how far the record is sealed and verified."""

from datetime import timedelta

import pytest

from badges.models import Operation, RequestLog, Verification
from badges.services import verifications
from badges.services.requests import Origin
from badges.services.seals import seal_entirely
from tests.factories import RequestLogFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audit_files")]
PAGE = "/desk/audit/"


@pytest.fixture
def desk(client, auditor):
    client.force_login(auditor)
    return client


def verify(desk, **headers):
    return desk.post(f"{PAGE}verify/", headers=headers)


def test_says_that_nothing_is_sealed_yet(desk):
    page = desk.get(PAGE).content.decode()
    assert "Nothing is sealed yet" in page
    assert "Not verified yet" in page


def test_shows_the_newest_seal_and_what_was_published(desk, record):
    (seal,) = seal_entirely()
    page = desk.get(PAGE).content.decode()
    assert seal.hash in page
    assert "seal 1, signed" in page
    assert "Sealing is behind" not in page


def test_says_when_sealing_is_behind(desk, monkeypatch):
    RequestLogFactory()
    seal_entirely()
    RequestLogFactory()
    monkeypatch.setattr("badges.desk.audit.LATE", -timedelta(days=1))
    assert "Sealing is behind" in desk.get(PAGE).content.decode()


def test_a_click_verifies_everything_and_leaves_its_trace(desk, record, auditor):
    seal_entirely()
    page = desk.post(f"{PAGE}verify/", follow=True).content.decode()
    assert "Nothing was altered" in page
    verification = Verification.objects.get()
    assert verification.finished_at
    assert verification.rows > 0
    trace = RequestLog.objects.get(operation=Operation.VERIFY)
    assert (trace.user, verification.request) == (auditor, trace)


def test_a_fault_is_named(desk, record, as_owner):
    seal_entirely()
    with as_owner() as cursor:
        cursor.execute("UPDATE badges_earnedbadge SET customer_id = 5 WHERE id = %s", [record.pk])
    page = verify(desk, hx_request="true").content.decode()
    assert "1 fault" in page
    assert f"earned_badge {record.pk}" in page
    assert "was changed" in page


def test_a_long_verification_goes_on_where_it_stopped(desk, monkeypatch):
    monkeypatch.setattr("badges.desk.audit.SECONDS_A_STEP", 0)
    for _number in range(3):
        RequestLogFactory()
        seal_entirely()
    page = verify(desk, hx_request="true").content.decode()
    verification = Verification.objects.get()
    assert (verification.checked_seal, verification.last_seal) == (1, 3)
    assert "1 of 3" in page
    go_on = f"{PAGE}verifications/{verification.pk}/"
    assert f'hx-post="{go_on}"' in page
    for _number in range(2):
        page = desk.post(go_on, headers={"hx-request": "true"}).content.decode()
    assert "Nothing was altered" in page
    verification.refresh_from_db()
    assert (verification.checked_seal, verification.rows) == (3, 3)


def test_two_who_go_on_count_each_seal_once(desk):
    for _number in range(2):
        RequestLogFactory()
        seal_entirely()
    one = verifications.begin(origin=Origin(channel="COMMAND"))
    other = Verification.objects.get(pk=one.pk)
    verifications.go_on(one, seconds=0)
    list(verifications.run(other))
    assert Verification.objects.get(pk=one.pk).rows == 2


def test_the_public_key_is_there_to_take_along(desk):
    answer = desk.get(f"{PAGE}public-key/")
    assert answer.content.startswith(b"-----BEGIN PUBLIC KEY-----")


def test_a_page_costs_a_few_queries(desk, record, django_assert_max_num_queries):
    seal_entirely()
    with django_assert_max_num_queries(12):
        desk.get(PAGE)
