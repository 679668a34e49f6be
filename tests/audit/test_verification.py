"""Whoever alters the record is found out: exactly the altered rows are named."""

import pytest
from django.core.management import call_command

from badges.audit import heads
from badges.audit.verification import Fault, Problem, check_heads
from badges.models import EarnedBadge, RequestLog, Seal, SealSalts
from badges.services.seals import seal_entirely
from tests.record import faults

pytestmark = pytest.mark.django_db
CHANGE = "UPDATE badges_earnedbadge SET customer_id = 666"


@pytest.fixture
def alter(as_owner):
    """Return a function that gives a fact to another customer, as the owner of the database."""

    def change(fact):
        with as_owner() as cursor:
            cursor.execute(f"{CHANGE} WHERE id = %s", [fact.pk])

    return change


@pytest.fixture
def sealed(record, earn, live_badge):
    """The record under one seal, and two more seals after it."""
    seals = seal_entirely()
    for number in range(2):
        earn(live_badge, request_id=f"later-{number}")
        seals += seal_entirely()
    assert faults() == []
    return seals


def in_seal(number, kind, key, fault):
    return Problem(kind, key, fault, number)


class TestRows:
    def test_a_changed_row_is_named(self, sealed, record, alter):
        alter(record)
        assert faults() == [in_seal(1, "earned_badge", record.pk, Fault.CHANGED)]

    @pytest.mark.parametrize("column", ["content", "reason", "fingerprint", "channel"])
    def test_every_column_counts(self, sealed, record, as_owner, column):
        with as_owner() as cursor:
            cursor.execute(
                f"UPDATE badges_requestlog SET {column} = 'x' WHERE id = %s", [record.request_id]
            )
        assert faults() == [in_seal(1, "request", record.request_id, Fault.CHANGED)]

    def test_all_changed_rows_are_named_and_no_other(self, sealed, record, as_owner):
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

    def test_a_deleted_row_is_named(self, sealed, record, as_owner):
        with as_owner() as cursor:
            cursor.execute("DELETE FROM badges_earnedbadge WHERE id = %s", [record.pk])
        assert faults() == [
            in_seal(1, "earned_badge", record.pk, Fault.MISSING),
            *[problem for problem in faults() if problem.kind == "badge_revoked"],
        ]

    def test_a_row_that_was_put_in_is_named(self, sealed, record, as_owner):
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

    def test_a_request_put_into_a_gap_is_named(self, sealed, as_owner):
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

    def test_rows_that_changed_places_are_named(self, sealed, record, as_owner):
        first, second = RequestLog.objects.order_by("pk").values_list("pk", flat=True)[:2]
        with as_owner() as cursor:
            for old, new in [(first, -1), (second, first), (-1, second)]:
                cursor.execute("UPDATE badges_requestlog SET id = %s WHERE id = %s", [new, old])
        assert faults() == [
            in_seal(1, "request", first, Fault.CHANGED),
            in_seal(1, "request", second, Fault.CHANGED),
        ]

    def test_a_revocation_taken_back_is_named(self, sealed, record, as_owner):
        with as_owner() as cursor:
            cursor.execute("UPDATE badges_earnedbadge SET revoked_at = NULL, revocation_id = NULL")
        assert faults() == [in_seal(1, "badge_revoked", record.pk, Fault.MISSING)]

    def test_a_forged_revocation_is_named(self, sealed, record, as_owner):
        other = EarnedBadge.objects.filter(revoked_at=None).order_by("pk").first()
        with as_owner() as cursor:
            cursor.execute(
                """UPDATE badges_earnedbadge SET revoked_at = earned_at, revocation_id = %s
                WHERE id = %s""",
                [record.request_id, other.pk],
            )
        assert faults() == [in_seal(1, "badge_revoked", other.pk, Fault.ADDED)]

    def test_an_emptied_table_is_named_row_by_row(self, sealed, as_owner):
        before = set(EarnedBadge.objects.values_list("pk", flat=True))
        with as_owner() as cursor:
            cursor.execute("DELETE FROM badges_earnedbadge")
        missing = {fault.key for fault in faults() if fault.kind == "earned_badge"}
        assert missing == before


class TestSeals:
    def test_a_seal_that_is_gone_is_missed(self, sealed, as_owner):
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
    def test_a_changed_seal_is_named(self, sealed, as_owner, change):
        with as_owner() as cursor:
            cursor.execute(f"UPDATE badges_seal SET {change} WHERE number = 2")
        assert faults() == [in_seal(2, "seal", 2, Fault.CHANGED)]

    def test_destroyed_salts_are_noticed(self, sealed, as_owner):
        SealSalts.objects.filter(seal=2).update(salts=b"")
        assert faults() == [in_seal(2, "seal", 2, Fault.CHANGED)]

    def test_a_seal_made_anew_breaks_the_chain(self, sealed, record, as_owner):
        """Whoever also recomputes the seal of the altered row is betrayed by the next one."""
        with as_owner() as cursor:
            cursor.execute(f"{CHANGE} WHERE id = %s", [record.pk])
            forge(cursor, Seal.objects.get(number=1))
        assert faults() == [in_seal(1, "seal", 1, Fault.CHANGED)]


class TestPublishedHeads:
    def problems(self, path):
        return list(check_heads(heads.published(path), heads.public_key()))

    def test_hold_for_an_unaltered_chain(self, sealed, audit_files):
        assert [head.seal for head in heads.published(audit_files / "heads.jsonl")] == [1, 2, 3]
        assert self.problems(audit_files / "heads.jsonl") == []

    def test_a_tail_cut_off_is_missed(self, sealed, as_owner, audit_files):
        last = RequestLog.objects.get(request_id="later-1")
        with as_owner() as cursor:
            for table, condition in [
                ("sealsalts", "seal_id = 3"),
                ("seal", "number = 3"),
                ("earnedbadge", f"request_id = {last.pk}"),
                ("requestlog", f"id = {last.pk}"),
            ]:
                cursor.execute(f"DELETE FROM badges_{table} WHERE {condition}")
        assert faults() == []
        assert self.problems(audit_files / "heads.jsonl") == [in_seal(3, "seal", 3, Fault.MISSING)]

    def test_a_chain_made_anew_is_noticed(self, sealed, record, as_owner, audit_files):
        """Even the owner who recomputes every seal cannot change what was published."""
        with as_owner() as cursor:
            cursor.execute(f"{CHANGE} WHERE id = %s", [record.pk])
            cursor.execute("DELETE FROM badges_sealsalts")
            cursor.execute("DELETE FROM badges_seal")
        audit_files.joinpath("heads.jsonl").rename(audit_files / "published.jsonl")
        seal_entirely()
        assert faults() == []
        assert [fault.fault for fault in self.problems(audit_files / "published.jsonl")] == [
            Fault.CHANGED,
            Fault.MISSING,
            Fault.MISSING,
        ]

    def test_a_forged_head_is_not_believed(self, sealed, audit_files):
        path = audit_files / "heads.jsonl"
        path.write_text(path.read_text().replace('"seal": 2', '"seal": 9'))
        assert self.problems(path) == [in_seal(9, "head", 9, Fault.UNSIGNED)]


class TestTheCommand:
    def run(self, capsys, *arguments):
        try:
            call_command("verify_audit_log", *arguments)
        except SystemExit as end:
            return end.code, capsys.readouterr().out
        return 0, capsys.readouterr().out

    def test_says_that_everything_holds(self, sealed, capsys, audit_files):
        code, out = self.run(capsys, "--heads", str(audit_files / "heads.jsonl"))
        assert code == 0
        assert "Nothing was altered." in out

    def test_names_the_first_fault_and_ends_with_1(self, sealed, record, alter, capsys):
        alter(record)
        code, out = self.run(capsys)
        assert code == 1
        assert f"the first: earned_badge {record.pk} was changed (seal 1)" in out

    def test_counts_what_is_not_sealed_yet(self, sealed, earn, live_badge, capsys):
        earn(live_badge, request_id="not sealed")
        code, out = self.run(capsys, "--json")
        assert code == 0
        assert '"unsealedRequests": 1' in out

    def test_an_empty_record_holds(self, db, audit_files, capsys):
        assert self.run(capsys)[0] == 0


def forge(cursor, seal):
    """Recompute a seal over the rows as they are now, as a forger with the program would."""
    from badges.services.seals import _sealed

    forged, salts = _sealed(None, seal.last_request)
    cursor.execute("UPDATE badges_sealsalts SET salts = %s WHERE seal_id = 1", [salts])
    cursor.execute(
        "UPDATE badges_seal SET leaves = %s, root = %s, digest = %s, hash = %s, sealed_at = %s "
        "WHERE number = 1",
        [forged.leaves, forged.root, forged.digest, forged.hash, forged.sealed_at],
    )
