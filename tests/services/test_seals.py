"""Sealing: every row once, in an order that a late commit cannot break, whoever seals."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import transaction

from badges.audit import heads
from badges.models import Operation, RequestLog, Seal, SealSalts
from badges.services import seals
from badges.services.seals import seal_entirely, seal_next
from tests.conftest import in_thread
from tests.factories import RequestLogFactory
from tests.record import faults

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audit_files")]


def edit(**columns):
    return RequestLogFactory(operation=Operation.UPDATE_BADGE, **columns)


class TestOneSeal:
    def test_covers_everything_there_is(self, earn, live_badge):
        fact = earn(live_badge)
        seal = seal_next()
        assert (seal.number, seal.after_request, seal.rows) == (1, 0, 2)
        assert seal.last_request == fact.request_id
        assert faults() == []

    def test_starts_where_the_last_one_ended(self, earn, live_badge):
        earn(live_badge, request_id="one")
        first = seal_next()
        earn(live_badge, request_id="two")
        second = seal_next()
        assert (second.number, second.previous) == (2, first.hash)
        assert second.after_request == first.last_request
        assert second.rows == 2

    def test_is_not_made_of_nothing(self, earn, live_badge):
        assert seal_next() is None
        earn(live_badge)
        seal_next()
        assert seal_next() is None
        assert Seal.objects.count() == SealSalts.objects.count() == 1

    def test_hashes_equal_rows_differently(self, db):
        """With random bytes before each row, nobody can guess a customer from a published hash."""
        edit(request_id=None)
        first, _salts = seals._sealed(None, RequestLog.objects.latest("pk").pk)
        second, _salts = seals._sealed(None, RequestLog.objects.latest("pk").pk)
        assert first.root != second.root


class TestSealingEntirely:
    def test_makes_seals_of_bounded_size(self, monkeypatch, db):
        monkeypatch.setattr(seals, "REQUESTS_AT_ONCE", 4)
        monkeypatch.setattr(seals, "ROWS_AT_ONCE", 3)
        RequestLogFactory.create_batch(9)
        assert [seal.rows for seal in seal_entirely()] == [2, 2, 2, 3]
        assert faults() == []

    def test_seals_one_list_whole_however_long(self, monkeypatch, earn, live_badge):
        monkeypatch.setattr(seals, "ROWS_AT_ONCE", 1)
        earn(live_badge)
        assert [seal.rows for seal in seal_entirely()] == [2]

    def test_publishes_the_last_seal_once(self, monkeypatch, audit_files, db):
        monkeypatch.setattr(seals, "REQUESTS_AT_ONCE", 2)
        RequestLogFactory.create_batch(5)
        last = seal_entirely()[-1]
        seal_entirely()
        (head,) = heads.published(audit_files / "heads.jsonl")
        assert (head.seal, head.hash) == (3, last.hash)
        assert head.is_signed_by(heads.public_key(audit_files / "signing-key.pub"))

    def test_keeps_the_signing_key_to_itself(self, audit_files, db):
        edit()
        seal_entirely()
        assert (audit_files / "signing-key.pem").stat().st_mode & 0o077 == 0

    def test_keeps_the_seal_when_it_cannot_be_published(self, settings, audit_files, db):
        edit()
        settings.AUDIT_HEADS = audit_files / "signing-key.pem" / "heads.jsonl"
        with pytest.raises(FileExistsError):
            seal_entirely()
        assert Seal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestTogether:
    """Real transactions of several connections."""

    def test_several_sealers_make_one_chain(self, monkeypatch):
        monkeypatch.setattr(seals, "REQUESTS_AT_ONCE", 5)
        RequestLogFactory.create_batch(60)
        with ThreadPoolExecutor(4) as threads:
            made = [threads.submit(in_thread, seal_entirely) for _number in range(4)]
            assert sum(len(run.result(timeout=60)) for run in made) == Seal.objects.count()
        seal_entirely()
        assert sum(Seal.objects.values_list("rows", flat=True)) == 60
        assert faults() == []

    @pytest.mark.parametrize("ends_well", [True, False])
    def test_a_row_that_comes_late_is_sealed_as_well(self, needs_postgresql, ends_well):
        edit(request_id="first")
        seal_next()
        inserted, go_on = Event(), Event()

        def commit_late():
            with transaction.atomic():
                edit(request_id="late")
                inserted.set()
                assert go_on.wait(timeout=30)
                transaction.set_rollback(not ends_well)

        with ThreadPoolExecutor(1) as threads:
            late = threads.submit(in_thread, commit_late)
            assert inserted.wait(timeout=30)
            edit(request_id="early")
            while_it_runs = seal_next()
            go_on.set()
            late.result(timeout=30)

        assert while_it_runs is None
        assert seal_next().rows == (2 if ends_well else 1)
        assert faults() == []

    def test_writers_do_not_wait_for_the_sealer(self, needs_postgresql):
        edit()
        with ThreadPoolExecutor(1) as threads, transaction.atomic():
            seal = seal_next()
            threads.submit(in_thread, edit).result(timeout=30)
            assert seal.rows == 1
        assert seal_next().rows == 1
