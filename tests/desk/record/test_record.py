"""The page with the state of sealing and verification."""

from datetime import timedelta

import pytest

from badges.models import Operation, RequestLog, Verification
from badges.services.record import verifications
from badges.services.record.seals import seal_all
from badges.services.request_log import Origin
from tests.factories import RequestLogFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audit_files")]
PAGE = "/desk/audit/"


@pytest.fixture
def desk(client, auditor):
    client.force_login(auditor)
    return client


def verify(desk, **headers):
    return desk.post(f"{PAGE}verify/", headers=headers)


def test_the_record_page_reports_missing_seals(desk):
    page = desk.get(PAGE).content.decode()
    assert "Nothing is sealed yet" in page
    assert "Not verified yet" in page


def test_the_record_page_shows_the_newest_and_the_published_seal(desk, record):
    (seal,) = seal_all()
    page = desk.get(PAGE).content.decode()
    assert seal.hash in page
    assert "seal 1, signed" in page
    assert "Sealing is behind" not in page


def test_the_record_page_reports_overdue_seals(desk, monkeypatch):
    RequestLogFactory()
    seal_all()
    RequestLogFactory()
    monkeypatch.setattr("badges.desk.record.views.LATE", -timedelta(days=1))
    assert "Sealing is behind" in desk.get(PAGE).content.decode()


def test_a_verification_of_everything_is_recorded(desk, record, auditor):
    seal_all()
    page = desk.post(f"{PAGE}verify/", follow=True).content.decode()
    assert "Nothing was altered" in page
    verification = Verification.objects.get()
    assert verification.finished_at
    assert verification.rows > 0
    trace = RequestLog.objects.get(operation=Operation.VERIFY)
    assert (trace.user, verification.request) == (auditor, trace)


def test_a_verification_names_a_problem(desk, record, as_owner):
    seal_all()
    with as_owner() as cursor:
        cursor.execute("UPDATE badges_earnedbadge SET customer_id = 5 WHERE id = %s", [record.pk])
    page = verify(desk, hx_request="true").content.decode()
    assert "1 fault" in page
    assert f"earned_badge {record.pk}" in page
    assert "was changed" in page


def test_a_verification_names_a_truncated_chain(desk, as_owner):
    for _number in range(2):
        RequestLogFactory()
        seal_all()
    with as_owner() as cursor:
        cursor.execute("DELETE FROM badges_sealsalts WHERE seal_id = 2")
        cursor.execute("DELETE FROM badges_seal WHERE number = 2")
        cursor.execute(
            "DELETE FROM badges_requestlog WHERE id = (SELECT max(id) FROM badges_requestlog)"
        )
    page = verify(desk, hx_request="true").content.decode()
    assert "1 fault" in page
    assert "seal 2 is missing" in page


def test_the_record_page_warns_of_missing_published_seals(desk, audit_files):
    RequestLogFactory()
    seal_all()
    (audit_files / "heads.jsonl").unlink()
    page = verify(desk, hx_request="true").content.decode()
    assert "Nothing was altered" in page
    assert "a truncated tail would not be detected" in page


def test_the_record_page_reports_unreadable_published_seals(desk, audit_files):
    RequestLogFactory()
    seal_all()
    (audit_files / "signing-key.pub").unlink()
    page = verify(desk, hx_request="true").content.decode()
    assert "cannot be read" in page
    assert "Nothing was altered" not in page
    assert not Verification.objects.get().finished_at
    assert "cannot be read" in desk.post(f"{PAGE}verify/", follow=True).content.decode()


def test_a_long_verification_continues_in_steps(desk, monkeypatch):
    monkeypatch.setattr("badges.desk.record.views.SECONDS_A_STEP", 0)
    for _number in range(3):
        RequestLogFactory()
        seal_all()
    page = verify(desk, hx_request="true").content.decode()
    verification = Verification.objects.get()
    assert (verification.checked_seal, verification.last_seal) == (1, 3)
    assert "1 of 3" in page
    go_on = f"{PAGE}verifications/{verification.pk}/"
    assert f'hx-post="{go_on}"' in page
    for _number in range(4):  # two more seals, the published ones, and the end
        page = desk.post(go_on, headers={"hx-request": "true"}).content.decode()
    assert "Nothing was altered" in page
    verification.refresh_from_db()
    assert (verification.checked_seal, verification.rows, verification.heads) == (3, 3, 3)


def test_a_verification_continued_concurrently_counts_each_seal_once(desk):
    for _number in range(2):
        RequestLogFactory()
        seal_all()
    one = verifications.begin(origin=Origin(channel="COMMAND"))
    other = Verification.objects.get(pk=one.pk)
    verifications.continue_for(one, seconds=0)
    list(verifications.run(other))
    list(verifications.run(one))
    kept = Verification.objects.get(pk=one.pk)
    assert (kept.rows, kept.heads) == (2, 2)


def test_the_public_key_can_be_downloaded(desk):
    answer = desk.get(f"{PAGE}public-key/")
    assert answer.content.startswith(b"-----BEGIN PUBLIC KEY-----")


def test_the_record_page_takes_few_queries(desk, record, django_assert_max_num_queries):
    seal_all()
    with django_assert_max_num_queries(12):
        desk.get(PAGE)
