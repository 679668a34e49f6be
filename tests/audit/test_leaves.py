"""The sealed bytes contain every column and are the same on both databases."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badges.audit import leaves
from badges.audit.check_export import SPLIT, WHOLE
from badges.audit.leaves import SEALED_TABLES, bytes_of_row, key_of, pk_of, rows_of
from badges.models import Channel, Operation, RequestLog, RequestOutcome
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LAST = 2**62
VERSIONS = [WHOLE, SPLIT]


@pytest.mark.parametrize(
    "model", dict.fromkeys(kind.model for kind in SEALED_TABLES), ids=lambda model: model.__name__
)
def test_every_column_of_a_sealed_table_is_sealed(model):
    columns = {field.attname for field in model._meta.concrete_fields}
    assert columns == {
        name for kind in SEALED_TABLES if kind.model is model for name in kind.columns
    }


def test_an_erasure_may_replace_only_columns_that_name_a_customer(record):
    """Actor, operation, badge, outcome and times stay provable."""
    kept, erasable = SEALED_TABLES[0].parts(SPLIT)
    assert set(kept) | set(erasable) == set(SEALED_TABLES[0].columns)
    assert set(erasable) == {"customer_id", "content", "reason", "fingerprint", "errors"}
    for kind in SEALED_TABLES:
        assert set(kind.erasable) <= {*erasable, "message", "case_number"}


@pytest.mark.parametrize("version", VERSIONS)
def test_no_two_rows_have_the_same_bytes(record, version):
    rows = [row for _key, row in rows_of(None, LAST, version)]
    assert len(set(rows)) == len(rows)


def test_every_kind_of_row_is_sealed_with_its_request(record):
    found = {SEALED_TABLES[index].name for (index, _pk), _row in rows_of(None, LAST, WHOLE)}
    assert found == {kind.name for kind in SEALED_TABLES} - {
        "erased_row"
    }  # see services/record/test_erasure.py
    request = record.request_id
    found = [
        (SEALED_TABLES[key[0]].name, pk_of(key))
        for key, _row in rows_of(request - 1, request, WHOLE)
    ]
    assert found == [("request", request), ("earned_badge", record.pk)]


def test_a_revocation_changes_only_its_own_row(record):
    """The row of a fact stays unchanged; otherwise its seal would break."""
    fact = ("earned_badge", record.pk)
    revoked = ("badge_revoked", record.pk)
    record.refresh_from_db()
    rows = {
        (SEALED_TABLES[key[0]].name, pk_of(key)): row for key, row in rows_of(None, LAST, WHOLE)
    }
    assert b"revo" not in rows[fact][0]
    assert revoked in rows


@pytest.mark.parametrize("pk", [1, 2**40, -1, "6a1c6b50000007ef40000001"])
def test_a_key_is_its_primary_key(pk):
    index = next(
        index
        for index, kind in enumerate(SEALED_TABLES)
        if kind.name == ("request" if isinstance(pk, int) else "enrolment")
    )
    assert pk_of((index, key_of(pk))) == pk


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


class TestBothWriters:
    """PostgreSQL and Python produce the same bytes, so a record may move between databases."""

    @pytest.mark.parametrize("version", VERSIONS)
    def test_both_writers_agree_on_every_kind(self, record, needs_postgresql, version):
        for kind in SEALED_TABLES:
            rows = kind.caused_by(None, LAST)
            here = list(leaves._rows_by_python(kind, rows, version))
            assert list(leaves._rows_by_postgresql(kind, rows, version)) == here
            assert here or kind.name == "erased_row"

    # The examples of one test share the database without conflict. A busy machine is slow.
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(
        content=TEXTS,
        errors=st.lists(VALUES, max_size=3),
        customer_id=st.none() | st.integers(-(2**63), 2**63 - 1),
    )
    def test_both_writers_agree_on_any_value(self, needs_postgresql, content, errors, customer_id):
        row = RequestLog.objects.create(
            operation=Operation.EARN,
            channel=Channel.API,
            outcome=RequestOutcome.ACCEPTED,
            content=content,
            errors=errors,
            customer_id=customer_id,
            received_at=NOW,
        )
        rows = RequestLog.objects.filter(pk=row.pk)
        for version in VERSIONS:
            (written,) = leaves._rows_by_postgresql(SEALED_TABLES[0], rows, version)
            assert [written] == list(leaves._rows_by_python(SEALED_TABLES[0], rows, version))

    @pytest.mark.parametrize("version", VERSIONS)
    def test_both_writers_agree_in_large_pieces_as_row_by_row(self, record, version):
        pieces = b"".join(leaves.bytes_of(None, LAST, version))
        assert pieces == b"".join(b"".join(row) for _key, row in rows_of(None, LAST, version))

    @pytest.mark.parametrize("version", VERSIONS)
    def test_both_writers_agree_by_key_as_by_request(self, record, version):
        rows = dict(rows_of(None, LAST, version))
        assert dict(leaves.rows_by_key(list(rows), version)) == rows


def test_the_bytes_of_a_leaf_are_those_of_a_record(record):
    """A row is the number of fields, then the type, length and value of each (`record_send`)."""
    kind = next(kind for kind in SEALED_TABLES if kind.name == "refused_item")
    values = dict(zip(kind.columns, [5, 7, 1001, 2001, "no"], strict=True))
    (row,) = bytes_of_row(kind, values, WHOLE)
    number = (20).to_bytes(4) + (8).to_bytes(4)
    text = (25).to_bytes(4)
    assert row == b"".join(
        [
            (6).to_bytes(4),
            text + (12).to_bytes(4) + b"refused_item",
            *(number + value.to_bytes(8) for value in (5, 7, 1001, 2001)),
            text + (2).to_bytes(4) + b"no",
        ]
    )


def test_json_is_in_the_order_of_jsonb():
    kind = next(kind for kind in SEALED_TABLES if kind.name == "revision")
    snapshot = {"name": "é", "id": {"b": 1, "a": [{"zz": 1, "y": 2}]}}
    values = dict(zip(kind.columns, [1, "a" * 24, 1, 1, snapshot], strict=True))
    (row,) = bytes_of_row(kind, values, WHOLE)
    ordered = '{"id": {"a": [{"y": 2, "zz": 1}], "b": 1}, "name": "é"}'
    assert row.endswith(ordered.encode())
    assert json.loads(ordered)
