"""The number of a customer is in every text column of every model; an erasure removes it.

Columns and models are read from the project: a new one is included, or fails the test.
"""

import json
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, models

from badges.models import (
    CustomerNote,
    EarnedBadge,
    Enrolment,
    RefusedItem,
    RequestLog,
    SavedFilter,
    StatedReason,
    StoredAnswer,
)
from badges.models.erasing import (
    OnErasure,
    columns,
    stored_models,
)
from badges.services.record.erasure import erase_customer, preview_erasure, pseudonym_of
from badges.services.record.seals import seal_all
from badges.services.request_log import Origin
from tests.record import faults

NUMBER = 2468013
SPELLINGS = [
    "2468013",
    "cust-2468013",
    "0002468013",
    "\uff12\uff14\uff16\uff18\uff10\uff11\uff13",
    "2,468,013",
    "%32468013",
    "&#x32;468013",
    "2-468-013",
    "2\u2009468\u2009013",
]
JSON_SPELLINGS = [
    '{"customerIds": ["\\u0032468013", 2468013, "00002468013"], "more": {"deep": [2468013]}}',
    '{"customerId": "\\u0032\\u0034\\u0036\\u0038\\u0030\\u0031\\u0033"}',
    '{"customerId": 2.468013e6}',
]
REWRITTEN = (OnErasure.REWRITTEN, OnErasure.REWRITTEN_IN_OWN_ROWS)


def spelled(text):
    """Return whether a text has the number, without the code under test."""
    digit = r"\\+u00(3\d)|%(3\d)|&#x(3\d);"
    text = re.sub(digit, lambda m: chr(int(m[1] or m[2] or m[3], 16)), text)
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"(?<=\d)[-,.' ](?=\d{3})", "", text)
    return str(NUMBER) in text or "2.468013e6" in text


def columns_with_the_number():
    found = set()
    for model in stored_models():
        names = [field.name for field in model._meta.concrete_fields]
        for values in model._base_manager.values_list(*names):
            found |= {
                f"{model._meta.db_table}.{name}"
                for name, value in zip(names, values, strict=True)
                if not isinstance(value, bytes | memoryview) and spelled(as_text(value))
            }
    return found


def as_text(value):
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def dump():
    """Return the full contents of the database: all tables, or the bytes of the file."""
    if connection.vendor == "sqlite":
        path = Path(connection.settings_dict["NAME"])
        files = [path, path.with_name(f"{path.name}-wal")]
        return "".join(file.read_bytes().decode("latin-1") for file in files if file.exists())
    pieces = []
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
            pieces += [bytes(piece).decode() for piece in copy]
    return "".join(pieces)


def fill(model, made):
    """Return the first row of a model, or create one with suitable values."""
    if row := model._base_manager.first() or made.get(model):
        return row
    row = model()
    for field in model._meta.concrete_fields:
        if field.has_default() or field.null or (field.primary_key and not field.remote_field):
            continue
        if field.remote_field:
            setattr(row, field.name, fill(field.related_model, made))
        elif isinstance(field, models.DateTimeField | models.DateField):
            setattr(row, field.name, datetime(2026, 1, 1, tzinfo=UTC))
        elif isinstance(field, models.GenericIPAddressField):
            setattr(row, field.name, "127.0.0.1")
        elif isinstance(field, models.UUIDField):
            setattr(row, field.name, "0" * 32)
        elif isinstance(field, models.IntegerField | models.BooleanField):
            setattr(row, field.name, 1)
        elif isinstance(field, models.CharField | models.TextField) and not field.blank:
            setattr(row, field.name, field.choices[0][0] if field.choices else "x")
    if model is Session:
        row.session_key = "s" * 32
    row.save_base(raw=True, force_insert=True)
    made[model] = row
    return row


def plant(cursor, *treatments):
    """Write the number into all columns with one of these treatments. Return the columns."""
    planted, made = set(), {}
    for model in stored_models():
        names = columns(model, *treatments)
        row = fill(model, made) if names else None
        for place, name in enumerate(names):
            field = model._meta.get_field(name)
            value = SPELLINGS[place % len(SPELLINGS)]
            if name in ("content", "body"):
                value = JSON_SPELLINGS[place % 2]
            elif isinstance(field, models.JSONField):
                value = json.dumps([{"message": value}])
            elif isinstance(field, models.IntegerField):
                value = NUMBER
            table, key = model._meta.db_table, model._meta.pk.column
            assert len(str(value)) <= (field.max_length or 1000), field
            statement = f'UPDATE {table} SET "{field.column}" = %s WHERE "{key}" = %s'  # noqa: S608
            cursor.execute(statement, [value, row.pk])
            planted.add(f"{table}.{name}")
    return planted


@pytest.fixture
def planted(request, record, as_owner, integrator, member_care):
    def run(*treatments):
        with as_owner() as cursor:
            found = plant(cursor, *treatments)
        seal_all()
        return found

    return run


def erase():
    return erase_customer(
        origin=Origin(channel="COMMAND", reason=f"Letter of customer {NUMBER}"),
        customer_id=NUMBER,
    )


@pytest.mark.django_db(transaction=True)
def test_a_full_dump_does_not_contain_an_erased_customer(planted):
    columns_planted = planted(OnErasure.NUMBER, *REWRITTEN)
    assert len(columns_planted) >= 20
    assert columns_with_the_number() == columns_planted
    assert spelled(dump())
    erase()
    assert columns_with_the_number() == set()
    assert not spelled(dump())
    assert faults() == []
    assert not any(preview_erasure(NUMBER).rows.values())


@pytest.mark.django_db
def test_exactly_the_listed_data_of_an_erased_customer_stays(planted, capsys):
    planted(OnErasure.NUMBER, *REWRITTEN, OnErasure.KEPT)
    staying = {
        f"{model._meta.db_table}.{name}"
        for model in stored_models()
        for name in columns(model, OnErasure.KEPT)
    }
    erased = erase()
    assert columns_with_the_number() == staying == set(erased.leftovers)
    call_command("erase_customer", str(NUMBER), "--show-leftovers")
    out = capsys.readouterr().out
    assert all(f"{column}: " in out for column in staying)
    assert not spelled(out)


class TestRequestsOfOthers:
    @pytest.mark.django_db
    @pytest.mark.parametrize("content", JSON_SPELLINGS)
    def test_requests_of_other_customers_name_the_pseudonym_instead(
        self, record, as_owner, content
    ):
        with as_owner() as cursor:
            cursor.execute(
                "UPDATE badges_requestlog SET content = %s, reason = %s, fingerprint = 'f' "
                "WHERE request_id = 'list'",
                [content, f"moved from {NUMBER}"],
            )
        seal_all()
        erase()
        row = RequestLog.objects.get(request_id="list")
        pseudonym = str(pseudonym_of(NUMBER))
        assert pseudonym in row.content
        assert json.loads(row.content)
        assert row.reason == f"moved from {pseudonym}"
        assert row.fingerprint == ""
        assert row.customer_id is None
        assert faults() == []

    @pytest.mark.django_db
    def test_requests_of_other_customers_keep_no_hash_of_a_list_that_wrote_a_fact_of_the_customer(
        self, record
    ):
        assert RequestLog.objects.get(request_id="list").fingerprint
        seal_all()
        erase_customer(origin=Origin(channel="COMMAND"), customer_id=1003)
        assert RequestLog.objects.get(request_id="list").fingerprint == ""
        assert faults() == []


@pytest.fixture
def sealed(record):
    seal_all()


@pytest.mark.django_db
@pytest.mark.usefixtures("sealed")
class TestErasure:
    def test_an_erasure_has_a_reason_without_the_number(self, integrator):
        StoredAnswer.objects.create(
            integrator=integrator, key="k", fingerprint="f", status=200, body=JSON_SPELLINGS[0]
        )
        erase()
        trace = RequestLog.objects.filter(operation="ERASE_CUSTOMER").get()
        assert trace.reason == f"Letter of customer {pseudonym_of(NUMBER)}"
        answer = StoredAnswer.objects.get()
        assert answer.fingerprint == ""
        assert str(pseudonym_of(NUMBER)) in answer.body

    def test_a_refused_erasure_has_a_reason_without_the_number(self):
        with pytest.raises(Exception, match="404"):
            erase()
        assert str(NUMBER) not in RequestLog.objects.latest("pk").reason

    def test_an_erasure_keeps_names_of_filters_unique_and_short(self, member_care):
        names = [f"case {NUMBER}", f"case 000{NUMBER}", f"{NUMBER} {'x' * 92}"]
        for name in names:
            SavedFilter.objects.create(user=member_care, ledger="requests", name=name, query="q")
        erase()
        found = list(SavedFilter.objects.values_list("name", flat=True))
        assert len(set(found)) == 3
        assert not any(map(spelled, found))

    def test_an_erasure_ends_the_sessions_that_name_the_customer(self):
        for target in (f"/desk/customers/{NUMBER}/", "/desk/"):
            session = SessionStore()
            session["target"] = target
            session.save()
        erase()
        (left,) = Session.objects.all()
        assert left.get_decoded() == {"target": "/desk/"}

    def test_a_repeated_erasure_finds_new_data(self, member_care):
        SavedFilter.objects.create(user=member_care, ledger="requests", name="A", query=str(NUMBER))
        erase()
        SavedFilter.objects.create(user=member_care, ledger="requests", name="B", query=str(NUMBER))
        assert erase().rows == {**erase_nothing(), "badges_savedfilter": 1}

    def test_a_repeated_erasure_reports_the_remaining_data(self, as_owner, live_badge, capsys):
        with as_owner() as cursor:
            cursor.execute(
                "UPDATE badges_badgemeta SET name = %s WHERE id = %s",
                [f"For {NUMBER}", live_badge.pk],
            )
        for _time in range(2):
            call_command("erase_customer", str(NUMBER))
            assert "badges_badgemeta.name: 1" in capsys.readouterr().out

    def test_a_dry_run_of_an_erasure_reports_the_remaining_data(self, as_owner, live_badge, capsys):
        with as_owner() as cursor:
            cursor.execute(
                "UPDATE badges_badgemeta SET description = %s WHERE id = %s",
                [f"For {NUMBER}", live_badge.pk],
            )
        call_command("erase_customer", str(NUMBER), "--dry-run")
        assert "badges_badgemeta.description: 1" in capsys.readouterr().out
        call_command("erase_customer", str(NUMBER), "--show-leftovers")
        assert f"badges_badgemeta.description: {live_badge.pk}" in capsys.readouterr().out
        assert not RequestLog.objects.filter(operation="ERASE_CUSTOMER").exists()


def erase_nothing():
    tables = [CustomerNote, EarnedBadge, Enrolment, RefusedItem, RequestLog, StatedReason]
    return dict.fromkeys((model._meta.db_table for model in tables), 0)
