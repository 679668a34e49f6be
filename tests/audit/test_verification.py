"""A verification names exactly the altered rows."""

import pytest
from django.core.management import CommandError, call_command

from badges.audit import heads
from badges.audit.verification import Fault, Problem, compare_heads
from badges.models import EarnedBadge, RequestLog, Seal, SealSalts, Verification
from badges.services.record.seals import seal_all
from tests.record import faults

pytestmark = pytest.mark.django_db
CHANGE = "UPDATE badges_earnedbadge SET customer_id = 666"


@pytest.fixture
def alter(as_owner):
    """Return a function that gives a fact to another customer with the database owner's rights."""

    def change(fact):
        with as_owner() as cursor:
            cursor.execute(f"{CHANGE} WHERE id = %s", [fact.pk])

    return change


@pytest.fixture
def sealed(record, earn, live_badge):
    """Return three seals: one over the record, and two after it."""
    seals = seal_all()
    for number in range(2):
        earn(live_badge, request_id=f"later-{number}")
        seals += seal_all()
    assert faults() == []
    return seals


@pytest.fixture
def cut_tail(as_owner):
    """Return a function that deletes the newest seal and its rows as the database owner."""

    def cut():
        last = RequestLog.objects.get(request_id="later-1")
        with as_owner() as cursor:
            for table, condition in [
                ("sealsalts", "seal_id = 3"),
                ("seal", "number = 3"),
                ("earnedbadge", f"request_id = {last.pk}"),
                ("requestlog", f"id = {last.pk}"),
            ]:
                cursor.execute(f"DELETE FROM badges_{table} WHERE {condition}")

    return cut


def in_seal(number, kind, key, fault):
    return Problem(kind, key, fault, number)


class TestRows:
    def test_verification_names_a_changed_row(self, sealed, record, alter):
        alter(record)
        assert faults() == [in_seal(1, "earned_badge", record.pk, Fault.CHANGED)]

    @pytest.mark.parametrize("column", ["content", "reason", "fingerprint", "channel"])
    def test_verification_covers_every_column(self, sealed, record, as_owner, column):
        with as_owner() as cursor:
            cursor.execute(
                f"UPDATE badges_requestlog SET {column} = 'x' WHERE id = %s", [record.request_id]
            )
        assert faults() == [in_seal(1, "request", record.request_id, Fault.CHANGED)]

    def test_verification_names_exactly_the_changed_rows(self, sealed, record, as_owner):
        later = EarnedBadge.objects.filter(request__request_id="later-1").get()
        with as_owner() as cursor:
            cursor.execute(
                "UPDATE badges_earnedbadge SET reference_id = 'x' WHERE id = %s", [later.pk]
            )
            cursor.execute("UPDATE badges_refuseditem SET message = 'x'")
        items = [problem for problem in faults() if problem.kind == "refused_item"]
        assert len(items) == 1
        assert in_seal(3, "earned_badge", later.pk, Fault.CHANGED) in faults()
        assert len(faults()) == 2

    def test_verification_names_a_deleted_row(self, sealed, record, as_owner):
        with as_owner() as cursor:
            cursor.execute("DELETE FROM badges_earnedbadge WHERE id = %s", [record.pk])
        assert faults() == [
            in_seal(1, "earned_badge", record.pk, Fault.MISSING),
            *[problem for problem in faults() if problem.kind == "badge_revoked"],
        ]

    def test_verification_names_an_inserted_row(self, sealed, record, as_owner):
        forged = "f" * 24
        with as_owner() as cursor:
            cursor.execute(
                """INSERT INTO badges_earnedbadge (id, badge_id, customer_id, event_at, expires_at,
                    owner_type, reference_id, request_id, earned_at)
                SELECT %s, badge_id, 666, event_at, expires_at, owner_type, reference_id,
                    request_id, earned_at FROM badges_earnedbadge WHERE id = %s""",
                [forged, record.pk],
            )
        assert faults() == [in_seal(1, "earned_badge", forged, Fault.ADDED)]

    def test_verification_names_a_request_inserted_into_a_gap(self, sealed, as_owner):
        gap = 0
        with as_owner() as cursor:
            cursor.execute(
                """INSERT INTO badges_requestlog (id, operation, channel, fingerprint, content,
                    reason, outcome, errors, received_at, recorded_at)
                SELECT %s, operation, channel, fingerprint, content, reason, outcome, errors,
                    received_at, recorded_at FROM badges_requestlog WHERE request_id = 'later-0'""",
                [gap],
            )
        assert faults() == [in_seal(1, "request", gap, Fault.ADDED)]

    def test_verification_names_swapped_rows(self, sealed, record, as_owner):
        first, second = RequestLog.objects.order_by("pk").values_list("pk", flat=True)[:2]
        with as_owner() as cursor:
            for old, new in [(first, -1), (second, first), (-1, second)]:
                cursor.execute("UPDATE badges_requestlog SET id = %s WHERE id = %s", [new, old])
        assert faults() == [
            in_seal(1, "request", first, Fault.CHANGED),
            in_seal(1, "request", second, Fault.CHANGED),
        ]

    def test_verification_names_a_removed_revocation(self, sealed, record, as_owner):
        with as_owner() as cursor:
            cursor.execute("UPDATE badges_earnedbadge SET revoked_at = NULL, revocation_id = NULL")
        assert faults() == [in_seal(1, "badge_revoked", record.pk, Fault.MISSING)]

    def test_verification_names_a_forged_revocation(self, sealed, record, as_owner):
        other = EarnedBadge.objects.filter(revoked_at=None).order_by("pk").first()
        with as_owner() as cursor:
            cursor.execute(
                """UPDATE badges_earnedbadge SET revoked_at = earned_at, revocation_id = %s
                WHERE id = %s""",
                [record.request_id, other.pk],
            )
        assert faults() == [in_seal(1, "badge_revoked", other.pk, Fault.ADDED)]

    def test_verification_names_every_row_of_an_emptied_table(self, sealed, as_owner):
        before = set(EarnedBadge.objects.values_list("pk", flat=True))
        with as_owner() as cursor:
            cursor.execute("DELETE FROM badges_earnedbadge")
        missing = {fault.key for fault in faults() if fault.kind == "earned_badge"}
        assert missing == before


class TestSeals:
    def test_verification_names_a_missing_seal(self, sealed, as_owner):
        with as_owner() as cursor:
            cursor.execute("DELETE FROM badges_sealsalts WHERE seal_id = 2")
            cursor.execute("DELETE FROM badges_seal WHERE number = 2")
        assert faults() == [in_seal(2, "seal", 2, Fault.MISSING)]

    @pytest.mark.parametrize(
        "change",
        [
            "previous = 'x'",
            "root = digest",
            "digest = root",
            "rows = rows + 1",
            "hash = 'x'",
            "sealed_at = (SELECT sealed_at FROM badges_seal WHERE number = 1)",
            "leaves = (SELECT leaves FROM badges_seal WHERE number = 1)",
        ],
    )
    def test_verification_names_a_changed_seal(self, sealed, as_owner, change):
        with as_owner() as cursor:
            cursor.execute(f"UPDATE badges_seal SET {change} WHERE number = 2")
        assert faults() == [in_seal(2, "seal", 2, Fault.CHANGED)]

    def test_verification_names_destroyed_salts(self, sealed, as_owner):
        SealSalts.objects.filter(seal=2).update(salts=b"")
        assert faults() == [in_seal(2, "seal", 2, Fault.CHANGED)]

    def test_verification_names_a_recreated_seal(self, sealed, record, as_owner):
        """The next seal exposes an altered row even if its own seal was recomputed."""
        with as_owner() as cursor:
            cursor.execute(f"{CHANGE} WHERE id = %s", [record.pk])
            forge(cursor, Seal.objects.get(number=1))
        assert faults() == [in_seal(1, "seal", 1, Fault.CHANGED)]


class TestPublishedHeads:
    def problems(self, *paths):
        return [problem for found in compare_heads(paths) for problem in found.problems]

    def test_published_heads_match_an_unaltered_chain(self, sealed, audit_files):
        lines = heads.read_lines(audit_files / "heads.jsonl")
        assert [heads.parse_line(line).seal for line in lines] == [1, 2, 3]
        assert self.problems(audit_files / "heads.jsonl") == []

    def test_published_heads_reveal_a_truncated_chain(self, sealed, cut_tail, audit_files):
        cut_tail()
        assert faults() == []
        assert self.problems(audit_files / "heads.jsonl") == [in_seal(3, "seal", 3, Fault.MISSING)]

    def test_published_heads_of_every_file_are_compared(self, sealed, cut_tail, audit_files):
        first, last = audit_files / "first.jsonl", audit_files / "last.jsonl"
        lines = (audit_files / "heads.jsonl").read_text().splitlines(keepends=True)
        first.write_text(lines[0])
        last.write_text(lines[2])
        cut_tail()
        assert self.problems(first) == []
        assert self.problems(first, last) == [in_seal(3, "seal", 3, Fault.MISSING)]

    def test_published_heads_with_an_unreadable_line_are_a_problem(self, sealed, audit_files):
        path = audit_files / "heads.jsonl"
        path.write_text(path.read_text() + '{"seal": 4, "ha')
        assert self.problems(path) == [in_seal(None, "head", "in line 4", Fault.UNSIGNED)]
        assert heads.last_published().seal == 3

    def test_published_heads_reveal_a_recreated_chain(self, sealed, record, as_owner, audit_files):
        """Even the owner, who can recompute every seal, cannot change the published ones."""
        with as_owner() as cursor:
            cursor.execute(f"{CHANGE} WHERE id = %s", [record.pk])
            cursor.execute("DELETE FROM badges_sealsalts")
            cursor.execute("DELETE FROM badges_seal")
        audit_files.joinpath("heads.jsonl").rename(audit_files / "published.jsonl")
        seal_all()
        assert faults() == []
        assert [fault.fault for fault in self.problems(audit_files / "published.jsonl")] == [
            Fault.CHANGED,
            Fault.MISSING,
            Fault.MISSING,
        ]

    def test_published_heads_must_be_signed(self, sealed, audit_files):
        path = audit_files / "heads.jsonl"
        path.write_text(path.read_text().replace('"seal": 2', '"seal": 9'))
        assert self.problems(path) == [in_seal(9, "head", 9, Fault.UNSIGNED)]


class TestCommand:
    def run(self, capsys, *arguments):
        try:
            call_command("verify_audit_log", *arguments)
        except SystemExit as end:
            return end.code, capsys.readouterr().out
        return 0, capsys.readouterr().out

    def test_the_verification_command_reads_the_published_seals_by_default(
        self, sealed, cut_tail, capsys
    ):
        cut_tail()
        code, out = self.run(capsys)
        assert code == 1
        assert "seal 3 is missing" in out

    def test_the_verification_command_reads_every_named_file(
        self, sealed, cut_tail, capsys, audit_files
    ):
        path = str(audit_files / "heads.jsonl")
        empty = audit_files / "empty.jsonl"
        empty.touch()
        cut_tail()
        assert self.run(capsys, "--heads", str(empty))[0] == 0
        assert self.run(capsys, "--heads", str(empty), "--heads", path)[0] == 1
        assert self.run(capsys, "--heads", path, "--heads", str(empty))[0] == 1

    def test_the_verification_command_reads_no_published_seals_for_a_copy(
        self, sealed, cut_tail, capsys
    ):
        cut_tail()
        code, out = self.run(capsys, "--no-heads")
        assert code == 0
        assert out.splitlines()[-1] == (
            "The chain was not compared with published seals: "
            "a truncated tail would not be detected."
        )

    def test_the_verification_command_reports_missing_published_seals(
        self, sealed, capsys, audit_files
    ):
        (audit_files / "heads.jsonl").unlink()
        code, out = self.run(capsys)
        assert code == 0
        assert "a truncated tail would not be detected" in out.splitlines()[-1]

    def test_the_verification_command_stores_the_comparison_for_the_page(
        self, sealed, cut_tail, capsys
    ):
        cut_tail()
        assert self.run(capsys, "--record")[0] == 1
        kept = Verification.objects.get()
        assert (kept.fault_count, kept.heads) == (1, 3)
        assert kept.finished_at

    def test_the_verification_command_needs_the_key_of_published_heads(
        self, sealed, capsys, audit_files
    ):
        (audit_files / "signing-key.pub").unlink()
        with pytest.raises(CommandError, match=r"signing-key\.pub"):
            self.run(capsys)
        assert not (audit_files / "signing-key.pub").exists()

    def test_the_verification_command_reports_success(self, sealed, capsys, audit_files):
        code, out = self.run(capsys, "--heads", str(audit_files / "heads.jsonl"))
        assert code == 0
        assert "Compared with 3 published seals." in out
        assert out.splitlines()[-1] == "Nothing was altered."

    def test_the_verification_command_names_the_first_problem_and_exits_with_1(
        self, sealed, record, alter, capsys
    ):
        alter(record)
        code, out = self.run(capsys)
        assert code == 1
        assert f"the first: earned_badge {record.pk} was changed (seal 1)" in out

    def test_the_verification_command_counts_unsealed_rows(self, sealed, earn, live_badge, capsys):
        earn(live_badge, request_id="not sealed")
        code, out = self.run(capsys, "--json")
        assert code == 0
        assert '"unsealedRequests": 1' in out

    def test_the_verification_command_accepts_an_empty_record(self, db, audit_files, capsys):
        assert self.run(capsys)[0] == 0


def forge(cursor, seal):
    """Recompute a seal over the current rows, as a forger with this program would."""
    from badges.services.record.seals import _build_seal

    forged, salts = _build_seal(None, seal.last_request)
    cursor.execute("UPDATE badges_sealsalts SET salts = %s WHERE seal_id = 1", [salts])
    cursor.execute(
        "UPDATE badges_seal SET leaves = %s, root = %s, digest = %s, hash = %s, sealed_at = %s "
        "WHERE number = 1",
        [forged.leaves, forged.root, forged.digest, forged.hash, forged.sealed_at],
    )
