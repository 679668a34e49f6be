"""What is sealed of each table: every column, to the same byte whoever writes it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badges.audit import leaves
from badges.audit.leaves import KINDS, bytes_of_row, key_of, pk_of, rows_of
from badges.models import Channel, Operation, RequestLog, RequestOutcome
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LAST = 2**62


@pytest.mark.parametrize(
    "model", dict.fromkeys(kind.model for kind in KINDS), ids=lambda model: model.__name__
)
def test_every_column_of_a_sealed_table_is_sealed(model):
    columns = {field.attname for field in model._meta.concrete_fields}
    assert columns == {name for kind in KINDS if kind.model is model for name in kind.columns}


def test_no_two_rows_have_the_same_bytes(record):
    rows = [row for _key, row in rows_of(None, LAST)]
    assert len(set(rows)) == len(rows)


def test_every_kind_of_row_is_sealed_with_its_request(record):
    found = {KINDS[place].name for (place, _pk), _row in rows_of(None, LAST)}
    assert found == {kind.name for kind in KINDS} - {"erased_row"}  # services/test_erasure.py
    request = record.request_id
    found = [(KINDS[key[0]].name, pk_of(key)) for key, _row in rows_of(request - 1, request)]
    assert found == [("request", request), ("earned_badge", record.pk)]


def test_a_revocation_changes_a_row_of_its_own_alone(record):
    """The row of a fact stays what it was; otherwise its seal would break."""
    fact = ("earned_badge", record.pk)
    revoked = ("badge_revoked", record.pk)
    record.refresh_from_db()
    rows = {(KINDS[key[0]].name, pk_of(key)): row for key, row in rows_of(None, LAST)}
    assert b"revo" not in rows[fact]
    assert revoked in rows


@pytest.mark.parametrize("pk", [1, 2**40, -1, "6a1c6b50000007ef40000001"])
def test_a_key_is_its_primary_key(pk):
    place = next(
        place
        for place, kind in enumerate(KINDS)
        if kind.name == ("request" if isinstance(pk, int) else "enrolment")
    )
    assert pk_of((place, key_of(pk))) == pk


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


class TestBothWriters:
    """PostgreSQL and Python agree on every byte, so a record may move from one to the other."""

    def test_on_every_kind(self, record, needs_postgresql):
        for kind in KINDS:
            here = list(leaves._rows_here(kind, None, LAST))
            assert list(leaves._rows_by_postgresql(kind, None, LAST)) == here
            assert here or kind.name == "erased_row"

    # The rows of one example are not in the way of the next.
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        content=TEXTS,
        errors=st.lists(VALUES, max_size=3),
        customer_id=st.none() | st.integers(-(2**63), 2**63 - 1),
    )
    def test_on_any_value(self, needs_postgresql, content, errors, customer_id):
        row = RequestLog.objects.create(
            operation=Operation.EARN,
            channel=Channel.API,
            outcome=RequestOutcome.ACCEPTED,
            content=content,
            errors=errors,
            customer_id=customer_id,
            received_at=NOW,
        )
        only = row.pk - 1, row.pk
        (written,) = leaves._rows_by_postgresql(KINDS[0], *only)
        assert [written] == list(leaves._rows_here(KINDS[0], *only))

    def test_in_large_pieces_as_row_by_row(self, record):
        pieces = b"".join(leaves.bytes_of(None, LAST))
        assert pieces == b"".join(row for _key, row in rows_of(None, LAST))


def test_the_form_is_that_of_a_record(record):
    """The number of fields; for each its type, length and value (PostgreSQL's `record_send`)."""
    kind = next(kind for kind in KINDS if kind.name == "refused_item")
    row = bytes_of_row(kind, [5, 7, 1001, 2001, "no"])
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
    kind = next(kind for kind in KINDS if kind.name == "revision")
    row = bytes_of_row(
        kind, [1, "a" * 24, 1, 1, {"name": "é", "id": {"b": 1, "a": [{"zz": 1, "y": 2}]}}]
    )
    ordered = '{"id": {"a": [{"y": 2, "zz": 1}], "b": 1}, "name": "é"}'
    assert row.endswith(ordered.encode())
    assert json.loads(ordered)
