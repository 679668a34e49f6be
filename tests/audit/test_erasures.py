"""An erasure is signed; a forged one is found, in seals of either version."""

import json
import os
from hashlib import sha256

import pytest
from django.core.management import call_command

from badges.audit import check_export, erasures, heads, proofs
from badges.audit.chain import SALT_SIZE, leaves_of, salts_of
from badges.audit.check_export import SPLIT, WHOLE, replaceable_hash
from badges.audit.leaves import SEALED_TABLES, key_of, pk_of, rows_by_key
from badges.audit.verification import Fault, Problem, compare_heads
from badges.models import EarnedBadge, ErasedRow, Erasure, RequestLog, Seal, SealSalts
from badges.services.record.erasure import PSEUDONYMS, erase_customer, pseudonym_of
from badges.services.record.seals import seal_all
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.record import faults, replaced, seal_with_whole_leaves

pytestmark = pytest.mark.django_db
CUSTOMER, OTHER = 1001, 1002
REASON = "Asked by letter"
ROWS = {"earned_badge", "request"}


@pytest.fixture(params=[WHOLE, SPLIT])
def sealed(request, record):
    """Return the record, sealed with one seal of each version."""
    seal_with_whole_leaves() if request.param == WHOLE else seal_all()
    assert Seal.objects.get().version == request.param
    return record


@pytest.fixture
def erase():
    def run(customer_id=CUSTOMER):
        origin = Origin(channel="COMMAND", reason=REASON)
        erase_customer(origin=origin, customer_id=customer_id)
        return RequestLog.objects.filter(operation="ERASE_CUSTOMER").latest("pk")

    return run


@pytest.fixture
def set_values(as_owner):
    """Return a function that changes columns of a row with the rights of the database owner."""

    def change(model, pk, **values):
        with as_owner() as cursor:
            assignments = ", ".join(f"{column} = %s" for column in values)
            table = model._meta.db_table
            cursor.execute(
                f"UPDATE {table} SET {assignments} WHERE id = %s", [*values.values(), pk]
            )

    return change


def claim(erasure_request, *keys):
    """Insert `ErasedRow` rows for the current content of these rows, with new random salts."""
    seal = Seal.objects.select_related("salts").get(number=1)
    indexes = {key: index for index, (key, _leaf) in enumerate(leaves_of(seal))}
    salts, leaves = salts_of(bytes(seal.salts.salts)), dict(leaves_of(seal))
    for key, row in rows_by_key(keys, seal.version):
        salt = salts[indexes[key]] = os.urandom(SALT_SIZE)
        now = replaceable_hash(seal.version, salt, row).hex()
        last = ErasedRow.objects.filter(kind=SEALED_TABLES[key[0]].name, key=str(pk_of(key))).last()
        ErasedRow.objects.create(
            request_id=erasure_request,
            kind=SEALED_TABLES[key[0]].name,
            key=str(pk_of(key)),
            leaf=last.leaf if last else leaves[key].hex(),
            replaced_by=now,
        )
    SealSalts.objects.filter(seal=seal).update(salts=b"".join(salts))


def key(kind, pk):
    (index,) = [index for index, known in enumerate(SEALED_TABLES) if known.name == kind]
    return index, key_of(pk)


def forged_request(pseudonym=PSEUDONYMS + 5):
    return RequestLog.objects.create(
        operation="ERASE_CUSTOMER",
        channel="COMMAND",
        outcome="ACCEPTED",
        reason=REASON,
        customer_id=pseudonym,
        content=json.dumps({"pseudonym": pseudonym}),
        received_at=RequestLog.objects.latest("pk").received_at,
    ).pk


def changed(*rows):
    return {Problem(kind, pk, Fault.CHANGED, 1) for kind, pk in rows}


class TestGenuineErasure:
    def test_a_genuine_erasure_is_no_problem_and_is_reported(self, sealed, erase):
        erasure = erase()
        assert faults() == []
        assert replaced() == {erasure.pk: ErasedRow.objects.count()}

    def test_a_genuine_erasure_is_published_with_the_heads(self, sealed, erase, audit_files):
        erasure = erase()
        said = [
            heads.parse_line(line)
            for line in heads.read_lines(audit_files / "heads.jsonl")
            if b"erasure" in line
        ]
        assert said == [erasures.statement(Erasure.objects.get())]
        assert said[0]["request"] == erasure.pk
        assert erasures.is_signed(said[0], heads.public_key())
        assert [p for c in compare_heads(heads.head_files()) for p in c.problems] == []

    def test_a_genuine_erasure_is_published_once(
        self, sealed, erase, audit_files, earn, live_badge
    ):
        erase()
        earn(live_badge, request_id="later")
        seal_all()
        assert (audit_files / "heads.jsonl").read_text().count("erasure") == 1

    def test_a_genuine_erasure_of_two_customers_of_one_list(self, sealed, erase):
        first, second = erase(), erase(OTHER)
        assert faults() == []
        assert sum(replaced().values()) >= ErasedRow.objects.filter(request=second).count()
        assert set(replaced()) == {first.pk, second.pk}

    def test_a_genuine_erasure_keeps_other_columns_provable(self, sealed, erase):
        before = RequestLog.objects.get(request_id="earn-held")
        erase()
        after = RequestLog.objects.get(request_id="earn-held")
        assert (after.content, after.reason, after.fingerprint) == ("", "", "")
        for column in SEALED_TABLES[0].parts(SPLIT)[0]:
            assert getattr(after, column) == getattr(before, column)


class TestForgedErasure:
    """The database owner can write anything, but cannot sign."""

    def test_a_forged_erasure_without_a_signature_is_found(self, sealed, set_values, member_care):
        """An earlier version accepted this forgery: other customer, actor, reference and reason."""
        request = sealed.request_id
        set_values(EarnedBadge, sealed.pk, customer_id=424242, reference_id="forged")
        set_values(
            RequestLog, request, integrator_id=None, user_id=member_care.pk, reason="So it was"
        )
        set_values(RequestLog, request, customer_id=424242)
        forgery = forged_request()
        claim(forgery, key("earned_badge", sealed.pk), key("request", request))
        seal_all()
        found = set(faults())
        assert changed(("earned_badge", sealed.pk), ("request", request)) <= found
        assert Problem("erasure", forgery, Fault.UNSIGNED, 2) in found
        assert replaced() == {}

    def test_a_forged_plausible_erasure_is_found_before_and_after_it_is_sealed(
        self, sealed, set_values
    ):
        forgery = forged_request()
        pseudonym = PSEUDONYMS + 5
        set_values(EarnedBadge, sealed.pk, customer_id=pseudonym)
        claim(forgery, key("earned_badge", sealed.pk))
        assert set(faults()) == changed(("earned_badge", sealed.pk))
        seal_all()
        assert Problem("erasure", forgery, Fault.UNSIGNED, 2) in faults()

    def test_a_forged_erasure_with_another_signature_is_found(self, sealed, set_values, settings):
        forgery = forged_request()
        set_values(EarnedBadge, sealed.pk, customer_id=PSEUDONYMS + 5)
        claim(forgery, key("earned_badge", sealed.pk))
        own = settings.AUDIT_SIGNING_KEY
        settings.AUDIT_SIGNING_KEY = own.with_name("other.pem")
        erasures.sign(RequestLog.objects.get(pk=forgery), PSEUDONYMS + 5).save()
        settings.AUDIT_SIGNING_KEY = own
        seal_all()
        found = faults()
        assert changed(("earned_badge", sealed.pk)) <= set(found)
        assert Problem("erasure", forgery, Fault.UNSIGNED, 2) in found

    def test_a_forged_erasure_that_uses_the_erasure_of_another_is_found(
        self, sealed, set_values, erase
    ):
        genuine = erase(OTHER)
        set_values(EarnedBadge, sealed.pk, customer_id=pseudonym_of(OTHER))
        claim(genuine.pk, key("earned_badge", sealed.pk))
        found = faults()
        assert changed(("earned_badge", sealed.pk)) <= set(found)
        assert Problem("erasure", genuine.pk, Fault.UNSIGNED, 2) in found

    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            ("earned_badge", {"customer_id": 424242}),
            ("earned_badge", {"reference_id": "forged"}),
            ("earned_badge", {"expires_at": "2031-01-01T00:00:00Z"}),
            ("request", {"reason": "So it was"}),
            ("request", {"channel": "MEMBERCARE"}),
            ("request", {"operation": "CLAIM"}),
            ("request", {"outcome": "REFUSED", "code": 404}),
            ("request", {"customer_id": None}),
            ("request", {"fingerprint": "f" * 64}),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("claimed", [False, True])
    def test_a_forged_erasure_of_an_erased_row_is_found(
        self, sealed, set_values, erase, kind, values, claimed
    ):
        erase()
        pk = sealed.pk if kind == "earned_badge" else sealed.request_id
        set_values(EarnedBadge if kind == "earned_badge" else RequestLog, pk, **values)
        if claimed:
            claim(forged_request(pseudonym_of(CUSTOMER)), key(kind, pk))
            seal_all()
        found = {problem for problem in faults() if problem.kind in ROWS}
        assert found == changed((kind, pk))

    def test_a_forged_erasure_is_found_when_the_badge_is_another(
        self, sealed, set_values, erase, live_badge
    ):
        erase()
        set_values(EarnedBadge, sealed.pk, badge_id=live_badge.pk)
        assert set(faults()) == changed(("earned_badge", sealed.pk))

    @pytest.mark.parametrize("table", ["erasure", "erasedrow"])
    def test_a_removed_erasure_is_found(self, sealed, erase, as_owner, table):
        erasure = erase()
        with as_owner() as cursor:
            cursor.execute(f"DELETE FROM badges_{table}")
        found = faults()
        assert changed(("earned_badge", sealed.pk)) <= set(found)
        assert Problem("erasure", erasure.pk, Fault.UNSIGNED, 2) in found
        published = [p for c in compare_heads(heads.head_files()) for p in c.problems]
        gone = [Problem("erasure", erasure.pk, Fault.MISSING, None)]
        assert published == (gone if table == "erasure" else [])

    def test_an_erasure_removed_with_all_its_rows_is_found(self, sealed, erase, as_owner):
        erasure = erase()
        with as_owner() as cursor:
            for table in ("erasure", "erasedrow"):
                cursor.execute(f"DELETE FROM badges_{table}")
        assert changed(("earned_badge", sealed.pk)) <= set(faults())
        published = [p for c in compare_heads(heads.head_files()) for p in c.problems]
        assert published == [Problem("erasure", erasure.pk, Fault.MISSING, None)]

    def test_a_forged_erasure_with_the_signing_key_must_have_the_form_of_one(
        self, sealed, set_values
    ):
        """The signing key alone does not make an arbitrary change pass as an erasure."""
        forgery = forged_request()
        set_values(EarnedBadge, sealed.pk, customer_id=424242)
        claim(forgery, key("earned_badge", sealed.pk))
        erasures.sign(RequestLog.objects.get(pk=forgery), 424242).save()
        seal_all()
        assert set(faults()) == changed(("earned_badge", sealed.pk))


class TestSigningKey:
    """With split leaves, the seal itself proves the columns that an erasure may not replace."""

    def test_with_the_signing_key_the_rest_of_a_row_cannot_change(self, record, set_values):
        seal_all()
        pseudonym = PSEUDONYMS + 5
        set_values(EarnedBadge, record.pk, customer_id=pseudonym, reference_id="forged")
        forgery = forged_request()
        claim(forgery, key("earned_badge", record.pk))
        erasures.sign(RequestLog.objects.get(pk=forgery), pseudonym).save()
        seal_all()
        assert set(faults()) == changed(("earned_badge", record.pk))


class TestReport:
    def test_the_report_of_the_command(self, sealed, erase, capsys):
        erasure = erase()
        rows = ErasedRow.objects.count()
        call_command("verify_audit_log")
        out = capsys.readouterr().out
        assert f"Erasure {erasure.pk} of {erasure.received_at:%Y-%m-%d %H:%M:%S} UTC" in out
        assert f"replaced {rows} rows: {REASON}" in out
        assert f"Rows replaced by erasures: {rows}." in out
        call_command("verify_audit_log", "--json")
        said = json.loads(capsys.readouterr().out)
        assert said["replacedRows"] == rows
        assert said["erasures"] == [
            {
                "request": erasure.pk,
                "receivedAt": erasure.received_at.isoformat(),
                "reason": REASON,
                "rows": rows,
            }
        ]

    def test_the_report_of_the_page(self, sealed, erase, client, auditor):
        erasure = erase()
        client.force_login(auditor)
        page = client.post("/desk/audit/verify/", follow=True).content.decode()
        assert "Nothing was altered" in page
        assert f"Erasure {erasure.pk}" in page
        assert REASON in page


class TestExport:
    def lines(self, name="earned_badge", model=EarnedBadge):
        (kind,) = [kind for kind in SEALED_TABLES if kind.name == name]
        pks = list(model.objects.order_by("pk").values_list("pk", flat=True))
        return [
            json.loads(line) for piece in proofs.chunks(kind, [pks]) for line in piece.splitlines()
        ]

    def check(self, lines):
        export = check_export.Export()
        for line in lines:
            export.read(line)
        return export.check(heads.public_key()), "\n".join(export.summary())

    @pytest.mark.parametrize(
        ("name", "model"), [("earned_badge", EarnedBadge), ("request", RequestLog)]
    )
    def test_an_export_proves_erased_rows_and_reports_the_erasure(self, sealed, erase, name, model):
        erasure = erase()
        found, summary = self.check(self.lines(name, model))
        assert found == []
        assert f"erasure {erasure.pk} of " in summary
        assert REASON in summary
        assert "replaced by 1 erasures" in summary

    def test_an_export_of_whole_seals(self, sealed, erase):
        erase(), erase(OTHER)
        last = Seal.objects.newest().number
        lines = [json.loads(line) for line in proofs.whole_seals(1, last)]
        found, summary = self.check(lines)
        assert found == []
        assert "replaced by 2 erasures" in summary

    @pytest.mark.parametrize(
        "alter",
        [
            lambda row, proof: row.update(customer_id=424242),
            lambda row, proof: row.update(reference_id="forged"),
            lambda row, proof: proof["erased"].update(was=sha256(b"x").hexdigest()),
            lambda row, proof: proof["erased"].update(request=1),
        ],
    )
    def test_an_export_of_an_altered_erased_row_is_found(self, sealed, erase, alter):
        erase()
        lines = self.lines()
        line = next(line for line in lines if "erased" in (line.get("proof") or {}))
        alter(line["row"], line["proof"])
        assert self.check(lines)[0]

    def test_an_export_without_the_signed_erasure_is_found(self, sealed, erase):
        erasure = erase()
        lines = [line for line in self.lines() if "erasure" not in line]
        assert f"erasure {erasure.pk} has no valid signature" in self.check(lines)[0]

    def test_an_export_with_an_altered_erasure_is_found(self, sealed, erase):
        erasure = erase()
        lines = self.lines()
        next(line for line in lines if "erasure" in line)["erasure"]["pseudonym"] += 1
        assert f"erasure {erasure.pk} has no valid signature" in self.check(lines)[0]


def test_another_signing_key_signs_no_erasure(sealed, erase, settings):
    settings.AUDIT_SIGNING_KEY = settings.AUDIT_SIGNING_KEY.with_name("other.pem")
    with refused(400):
        erase()
    assert EarnedBadge.objects.filter(customer_id=CUSTOMER).exists()
    assert RequestLog.objects.latest("pk").outcome == "REFUSED"
