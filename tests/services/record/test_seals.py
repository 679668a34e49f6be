"""Sealing covers every row once; neither late commits nor concurrent sealers break the order."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import transaction

from badges.audit import heads
from badges.models import Operation, RequestLog, Seal, SealSalts
from badges.services.record import seals
from badges.services.record.seals import seal_all, seal_next
from tests.conftest import in_thread
from tests.factories import RequestLogFactory
from tests.record import faults
from tests.waiting import TIMEOUT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audit_files")]


def edit(**columns):
    return RequestLogFactory(operation=Operation.UPDATE_BADGE, **columns)


class TestSeal:
    def test_a_seal_covers_all_rows(self, earn, live_badge):
        fact = earn(live_badge)
        seal = seal_next()
        assert (seal.number, seal.after_request, seal.rows) == (1, 0, 2)
        assert seal.last_request == fact.request_id
        assert faults() == []

    def test_a_seal_starts_at_the_end_of_the_last_one(self, earn, live_badge):
        earn(live_badge, request_id="one")
        first = seal_next()
        earn(live_badge, request_id="two")
        second = seal_next()
        assert (second.number, second.previous) == (2, first.hash)
        assert second.after_request == first.last_request
        assert second.rows == 2

    def test_a_seal_is_not_created_without_rows(self, earn, live_badge):
        assert seal_next() is None
        earn(live_badge)
        seal_next()
        assert seal_next() is None
        assert Seal.objects.count() == SealSalts.objects.count() == 1

    def test_a_seal_hashes_equal_rows_differently(self, db):
        """With a random salt per row, a published hash cannot be used to guess a customer."""
        edit(request_id=None)
        first, _salts = seals._build_seal(None, RequestLog.objects.latest("pk").pk)
        second, _salts = seals._build_seal(None, RequestLog.objects.latest("pk").pk)
        assert first.root != second.root


class TestSealingEverything:
    def test_sealing_everything_creates_seals_of_bounded_size(self, monkeypatch, db):
        monkeypatch.setattr(seals, "MAX_REQUESTS", 4)
        monkeypatch.setattr(seals, "MAX_ROWS", 3)
        RequestLogFactory.create_batch(9)
        assert [seal.rows for seal in seal_all()] == [2, 2, 2, 3]
        assert faults() == []

    def test_sealing_everything_seals_a_long_list_in_one_seal(self, monkeypatch, earn, live_badge):
        monkeypatch.setattr(seals, "MAX_ROWS", 1)
        earn(live_badge)
        assert [seal.rows for seal in seal_all()] == [2]

    def test_sealing_everything_publishes_the_last_seal_once(self, monkeypatch, audit_files, db):
        monkeypatch.setattr(seals, "MAX_REQUESTS", 2)
        RequestLogFactory.create_batch(5)
        last = seal_all()[-1]
        seal_all()
        (line,) = heads.read_lines(audit_files / "heads.jsonl")
        head = heads.parse_line(line)
        assert (head.seal, head.hash) == (3, last.hash)
        assert head.is_signed_by(heads.public_key(audit_files / "signing-key.pub"))

    def test_sealing_everything_keeps_the_signing_key_private(self, audit_files, db):
        edit()
        seal_all()
        assert (audit_files / "signing-key.pem").stat().st_mode & 0o077 == 0

    def test_sealing_everything_keeps_the_seal_when_it_cannot_be_published(
        self, settings, audit_files, db
    ):
        edit()
        settings.AUDIT_HEADS = audit_files / "signing-key.pem" / "heads.jsonl"
        with pytest.raises(FileExistsError):
            seal_all()
        assert Seal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestConcurrentSealing:
    """Real transactions on several connections."""

    def test_concurrent_sealing_creates_one_chain(self, monkeypatch):
        monkeypatch.setattr(seals, "MAX_REQUESTS", 5)
        RequestLogFactory.create_batch(60)
        with ThreadPoolExecutor(4) as threads:
            made = [threads.submit(in_thread, seal_all) for _number in range(4)]
            assert sum(len(run.result(timeout=TIMEOUT)) for run in made) == Seal.objects.count()
        seal_all()
        assert sum(Seal.objects.values_list("rows", flat=True)) == 60
        assert faults() == []

    @pytest.mark.parametrize("ends_well", [True, False])
    def test_concurrent_sealing_includes_rows_committed_late(self, needs_postgresql, ends_well):
        edit(request_id="first")
        seal_next()
        inserted, go_on = Event(), Event()

        def commit_late():
            with transaction.atomic():
                edit(request_id="late")
                inserted.set()
                assert go_on.wait(timeout=TIMEOUT)
                transaction.set_rollback(not ends_well)

        with ThreadPoolExecutor(1) as threads:
            late = threads.submit(in_thread, commit_late)
            assert inserted.wait(timeout=TIMEOUT)
            edit(request_id="early")
            while_it_runs = seal_next()
            go_on.set()
            late.result(timeout=TIMEOUT)

        assert while_it_runs is None
        assert seal_next().rows == (2 if ends_well else 1)
        assert faults() == []

    def test_concurrent_sealing_does_not_block_writers(self, needs_postgresql):
        edit()
        with ThreadPoolExecutor(1) as threads, transaction.atomic():
            seal = seal_next()
            threads.submit(in_thread, edit).result(timeout=TIMEOUT)
            assert seal.rows == 1
        assert seal_next().rows == 1
