"""A standalone script checks an export with proofs and detects every alteration."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from badges.audit import check_export, proofs
from badges.audit.leaves import SEALED_TABLES
from badges.models import EarnedBadge, RequestLog
from badges.services.record.seals import seal_all

pytestmark = pytest.mark.django_db
SCRIPT = Path(check_export.__file__)


@pytest.fixture
def sealed(record, earn, live_badge):
    seal_all()
    for number in range(3):
        earn(live_badge, request_id=f"later-{number}")
        seal_all()


def kind(name):
    return next(kind for kind in SEALED_TABLES if kind.name == name)


def batched(pks, size):
    """Return keys in batches, as an export reads them."""
    pks = list(pks)
    return [pks[at : at + size] for at in range(0, len(pks), size)]


def exported(name="request", rows=None):
    rows = RequestLog.objects.order_by("pk") if rows is None else rows
    text = "".join(proofs.chunks(kind(name), batched(rows.values_list("pk", flat=True), 2)))
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def check(audit_files, tmp_path):
    """Return a function that runs the script on lines of an export, outside the project."""

    def run(lines):
        path = tmp_path / "export.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        ended = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-I", SCRIPT, path, "--public-key", audit_files / "signing-key.pub"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout + ended.stderr

    return run


@pytest.mark.parametrize("name", [kind.name for kind in SEALED_TABLES])
def test_every_kind_of_row_is_proven(sealed, check, name):
    rows = kind(name).model.objects.order_by("pk")
    if name.endswith("revoked"):
        rows = rows.exclude(revoked_at=None)
    code, out = check(exported(name, rows))
    assert code == 0, out
    proven = f"{rows.count()} rows proven, of which 0 were replaced by 0 erasures"
    assert f"{proven}, 0 not sealed yet, 0 faults" in out


def test_a_part_of_the_rows_needs_the_seals_from_its_first_on(sealed, check):
    lines = exported(rows=RequestLog.objects.filter(request_id="later-1"))
    assert [line["seal"]["number"] for line in lines if "seal" in line] == [3, 4]
    assert check(lines)[0] == 0


def test_rows_that_are_not_sealed_yet_are_counted(sealed, check, earn, live_badge):
    earn(live_badge, request_id="too new")
    code, out = check(exported())
    assert code == 0
    assert "1 not sealed yet" in out


def test_an_export_without_rows_needs_no_proof(sealed, check):
    code, out = check(exported(rows=RequestLog.objects.none()))
    assert code == 0
    assert "0 rows proven" in out


class TestAlteredExport:
    def test_an_altered_export_of_a_row(self, sealed, check):
        lines = exported("earned_badge", EarnedBadge.objects.order_by("pk"))
        lines[2]["row"]["customer_id"] = 666
        code, out = check(lines)
        assert code == 1
        assert f"earned_badge {lines[2]['row']['id']} does not match seal" in out
        assert "1 faults" in out

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            (lambda seal: seal.update(root="0" * 64), "does not follow"),
            (lambda seal: seal.update(sealedAt="2026-01-01T00:00:00+00:00"), "does not follow"),
        ],
    )
    def test_an_altered_export_of_a_seal(self, sealed, check, change, fault):
        lines = exported()
        change(next(line["seal"] for line in lines if "seal" in line))
        code, out = check(lines)
        assert code == 1
        assert fault in out

    def test_an_altered_export_of_the_newest_seal(self, sealed, check):
        lines = exported()
        lines[-2]["seal"]["rows"] += 1
        code, out = check(lines)
        assert (code, "seal 4 does not match the published seal" in out) == (1, True)

    def test_an_altered_export_of_the_signature(self, sealed, check):
        lines = exported()
        lines[-1]["head"]["signature"] = "00" * 64
        code, out = check(lines)
        assert (code, "not made with this key" in out) == (1, True)

    def test_an_altered_export_without_its_end(self, sealed, check):
        code, out = check(exported()[:-1])
        assert (code, "no published seal" in out, "is truncated" in out) == (1, True, True)

    def test_an_altered_export_that_is_no_export(self, sealed, check):
        code, out = check([{"hello": "world"}])
        assert (code, "Not an export with proofs" in out) == (2, True)
