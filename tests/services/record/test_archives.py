"""A month is archived to a file with its own proofs; the database keeps all rows."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from badges.audit import check_export, heads
from badges.models import Operation, RequestLog, Seal
from badges.services.record import seals
from badges.services.record.seals import seal_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audit_files")]


@pytest.fixture
def sealed(record, earn, live_badge, monkeypatch):
    """Create two seals of October 2025."""
    monkeypatch.setattr(seals.timezone, "now", lambda: datetime(2025, 10, 5, tzinfo=UTC))
    seal_all()
    earn(live_badge, request_id="later")
    seal_all()
    monkeypatch.undo()


def archive(directory, *arguments):
    call_command("archive_audit_log", "2025-10", str(directory), *arguments)


def test_an_archive_has_and_proves_every_row(sealed, tmp_path, capsys):
    rows = sum(Seal.objects.values_list("rows", flat=True))
    archive(tmp_path)
    export = check_export.read(tmp_path / "badgeadmin-2025-10.jsonl.gz")
    assert export.check(heads.public_key()) == []
    assert (export.rows, export.unsealed) == (rows, 0)
    assert "Written and verified" in capsys.readouterr().out
    trace = RequestLog.objects.latest("pk")
    assert (trace.operation, trace.outcome) == (Operation.ARCHIVE, "ACCEPTED")
    assert json.loads(trace.content)["rows"] == rows


def test_a_changed_or_truncated_archive_is_detected(sealed, tmp_path):
    archive(tmp_path)
    path = tmp_path / "badgeadmin-2025-10.jsonl.gz"
    with gzip.open(path, "rt") as file:
        lines = file.readlines()
    for altered in (
        [*lines[:3], *lines[4:]],
        [line.replace('"EARN"', '"CLAIM"') for line in lines],
    ):
        with gzip.open(path, "wt") as file:
            file.writelines(altered)
        assert check_export.read(path).check(heads.public_key())


def test_an_altered_record_is_not_archived(sealed, tmp_path, as_owner):
    with as_owner() as cursor:
        cursor.execute("UPDATE badges_requestlog SET reason = 'x' WHERE request_id = 'later'")
    with pytest.raises(CommandError, match="does not match seal 2"):
        archive(tmp_path)
    assert not (tmp_path / "badgeadmin-2025-10.jsonl.gz").exists()
    assert RequestLog.objects.latest("pk").outcome == "REFUSED"


def test_a_dry_run_of_an_archive_writes_nothing(sealed, tmp_path, capsys):
    archive(tmp_path / "new", "--dry-run")
    assert "in the seals 1 to 2" in capsys.readouterr().out
    assert not (tmp_path / "new").exists()
    assert not RequestLog.objects.filter(operation=Operation.ARCHIVE).exists()


def test_an_existing_archive_is_not_overwritten(sealed, tmp_path):
    archive(tmp_path)
    with pytest.raises(CommandError, match="exists already"):
        archive(tmp_path)


@pytest.mark.parametrize(
    ("month", "why"), [("2025-09", "Nothing was sealed"), ("2099-01", "not over yet")]
)
def test_a_month_without_seals_is_refused(sealed, tmp_path, month, why):
    with pytest.raises(CommandError, match=why):
        call_command("archive_audit_log", month, str(tmp_path))
