"""After the erasure of a customer no row names them; seals and counts stay valid."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from badges.audit import proofs
from badges.audit.leaves import SEALED_TABLES
from badges.audit.verification import Fault, Problem
from badges.models import (
    DailyCount,
    EarnedBadge,
    Enrolment,
    ErasedRow,
    Operation,
    RefusedItem,
    RequestLog,
    SavedFilter,
    SealSalts,
    StoredAnswer,
)
from badges.services.record import summaries
from badges.services.record.erasure import PSEUDONYMS, erase_customer, pseudonym_of
from badges.services.record.seals import seal_all
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.record import faults

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audit_files")]
CUSTOMER = 1001
TABLES = [EarnedBadge, Enrolment, RefusedItem, RequestLog]


@pytest.fixture
def origin(desk_origin):
    return Origin(channel="COMMAND", reason="Asked by letter")


@pytest.fixture
def sealed(record, api_origin, integrator, member_care):
    """Return the sealed record. A stored response and a saved filter name the customer."""
    StoredAnswer.objects.create(
        integrator=integrator, key="k", fingerprint="f", status=200, body='{"customerId": 1001}'
    )
    SavedFilter.objects.create(
        user=member_care, ledger="requests", name="Theirs", query="customer_id=1001&code=2001"
    )
    seal_all()
    return record


def test_an_erasure_removes_the_customer(sealed, origin):
    erase_customer(origin=origin, customer_id=CUSTOMER)
    pseudonym = pseudonym_of(CUSTOMER)
    for table in TABLES:
        assert not table.objects.filter(customer_id=CUSTOMER).exists()
    assert EarnedBadge.objects.get(pk=sealed.pk).customer_id == pseudonym >= PSEUDONYMS
    for row in RequestLog.objects.all():
        assert str(CUSTOMER) not in row.content
    assert StoredAnswer.objects.get().body == f'{{"customerId": {pseudonym}}}'
    assert SavedFilter.objects.get().query == f"customer_id={pseudonym}&code=2001"


def test_an_erasure_keeps_other_customers(sealed, origin):
    others = EarnedBadge.objects.exclude(customer_id=CUSTOMER).order_by("pk")
    before = list(others.values())
    erase_customer(origin=origin, customer_id=CUSTOMER)
    others = EarnedBadge.objects.exclude(customer_id=pseudonym_of(CUSTOMER)).order_by("pk")
    assert list(others.values()) == before


def test_the_seals_of_an_erasure_verify_before_and_after_it_is_sealed(sealed, origin):
    erase_customer(origin=origin, customer_id=CUSTOMER)
    assert ErasedRow.objects.exists()
    assert faults() == []
    seal_all()
    assert faults() == []


def test_two_customers_of_one_list_are_erased(sealed, origin):
    for customer_id in (CUSTOMER, 1002):
        erase_customer(origin=origin, customer_id=customer_id)
        seal_all()
    assert faults() == []


def test_an_erasure_keeps_the_daily_counts(sealed, origin):
    summaries.catch_up()
    before = sorted(DailyCount.objects.values_list("operation", "code", "customers"))
    erase_customer(origin=origin, customer_id=CUSTOMER)
    summaries.rebuild()
    counted = DailyCount.objects.exclude(operation=Operation.ERASE_CUSTOMER)
    assert sorted(counted.values_list("operation", "code", "customers")) == before


def test_an_erasure_replaces_the_salts(sealed, origin):
    before = bytes(SealSalts.objects.get(seal=1).salts)
    erased = erase_customer(origin=origin, customer_id=CUSTOMER)
    after = bytes(SealSalts.objects.get(seal=1).salts)
    changed = sum(before[at : at + 16] != after[at : at + 16] for at in range(0, len(after), 16))
    assert changed == ErasedRow.objects.count() > 0
    assert sum(erased.rows.values()) >= changed


def test_an_erasure_is_recorded_without_the_number(sealed, origin):
    erase_customer(origin=origin, customer_id=CUSTOMER)
    trace = RequestLog.objects.latest("pk")
    assert (trace.operation, trace.outcome) == (Operation.ERASE_CUSTOMER, "ACCEPTED")
    assert trace.customer_id == pseudonym_of(CUSTOMER)
    assert trace.reason == "Asked by letter"


def test_an_erasure_reinstalls_the_guards(sealed, origin):
    erase_customer(origin=origin, customer_id=CUSTOMER)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        EarnedBadge.objects.update(customer_id=1)


def test_a_change_is_not_accepted_as_an_erasure(sealed, origin, as_owner):
    erase_customer(origin=origin, customer_id=CUSTOMER)
    seal_all()
    with as_owner() as cursor:
        cursor.execute("UPDATE badges_earnedbadge SET customer_id = 5 WHERE id = %s", [sealed.pk])
    assert faults() == [Problem("earned_badge", sealed.pk, Fault.CHANGED, 1)]


def test_an_altered_record_is_not_erased(sealed, origin, as_owner):
    with as_owner() as cursor:
        cursor.execute(
            "UPDATE badges_earnedbadge SET reference_id = 'x' WHERE id = %s", [sealed.pk]
        )
    with refused(400):
        erase_customer(origin=origin, customer_id=CUSTOMER)
    assert EarnedBadge.objects.filter(customer_id=CUSTOMER).exists()
    assert not ErasedRow.objects.exists()
    assert RequestLog.objects.latest("pk").outcome == "REFUSED"


def test_an_erasure_of_an_unknown_customer_is_refused(sealed, origin):
    with refused(404):
        erase_customer(origin=origin, customer_id=987654)
    assert not ErasedRow.objects.exists()


def test_a_number_within_a_longer_one_is_another_customer(sealed, origin):
    with refused(404):
        erase_customer(origin=origin, customer_id=100)
    assert EarnedBadge.objects.filter(customer_id=CUSTOMER).exists()


def test_an_export_counts_erased_rows_as_proven(sealed, origin):
    erase_customer(origin=origin, customer_id=CUSTOMER)
    seal_all()
    kind = next(kind for kind in SEALED_TABLES if kind.name == "earned_badge")
    pks = EarnedBadge.objects.order_by("pk").values_list("pk", flat=True)
    lines = "".join(proofs.chunks(kind, [list(pks)]))
    assert lines.count('"erased"') == 1


class TestCommand:
    def test_the_erasure_command_describes_its_dry_run(self, sealed, capsys):
        call_command("erase_customer", str(CUSTOMER), "--dry-run")
        out = capsys.readouterr().out
        assert "badges_earnedbadge: 1" in out
        assert f"Pseudonym: {pseudonym_of(CUSTOMER)} (dry run)." in out
        assert EarnedBadge.objects.filter(customer_id=CUSTOMER).exists()
        assert not ErasedRow.objects.exists()

    def test_the_erasure_command_erases(self, sealed, capsys):
        call_command("erase_customer", str(CUSTOMER), "--reason", "Asked by letter")
        assert f"Pseudonym: {pseudonym_of(CUSTOMER)}." in capsys.readouterr().out
        assert not EarnedBadge.objects.filter(customer_id=CUSTOMER).exists()

    def test_the_erasure_command_refuses_an_invalid_number(self, db):
        with pytest.raises(CommandError, match="not a customer id"):
            call_command("erase_customer", "5x")
