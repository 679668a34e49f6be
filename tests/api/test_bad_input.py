"""Ambiguous input is refused in the envelope and writes nothing."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from badges.api import parsers
from badges.models import EarnedBadge, RequestLog
from tests.api.conftest import EARN, codes, references

pytestmark = pytest.mark.django_db


def a_body(**changes) -> str:
    """Return a request body as text, with raw JSON in place of some values."""
    fields = {
        "customerId": "1",
        "requestId": '"r"',
        "triggeredBy": '{"ownerType": "Loyalty", "referenceId": "123694"}',
    }
    return "{" + ", ".join(f'"{name}": {raw}' for name, raw in (fields | changes).items()) + "}"


BODIES = {
    "nothing readable": b"{",
    "not UTF-8": b'{"customerId": "\xff"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "100,000 brackets": b"[" * 100_000,
    "100,000 closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "3 million lists": b"[" + b"[]," * 3_000_000 + b"[]]",
    "600,000 numbers": b"[" + b"1," * 600_000 + b"1]",
    "33 levels": a_body(more="[" * 32 + "]" * 32),
    "the same key twice": '{"customerId": 1, "customerId": 2}',
    "the same inner key twice": a_body(triggeredBy='{"ownerType": "Loyalty", "ownerType": "x"}'),
    "NaN": a_body(customerId="NaN"),
    "Infinity": a_body(customerId="-Infinity"),
    "a number beyond doubles": a_body(customerId="1e999"),
    "5,000 digits": a_body(customerId="9" * 5_000),
    "NUL": a_body(requestId='"a\\u0000b"'),
    "NUL in a key": '{"a\\u0000b": 1}',
    "a lone surrogate": a_body(requestId='"\\ud800"'),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_not_strict_json_is_refused(api, live_badge, body):
    answer = api.earn(body)

    assert answer.status_code == 400
    assert codes(answer) == [400]
    assert not EarnedBadge.objects.exists()
    assert RequestLog.objects.get().code == 400


def test_a_body_of_too_many_values_is_refused_before_parsing(monkeypatch):
    monkeypatch.setattr(parsers.json, "loads", pytest.fail)

    with pytest.raises(ParseError, match="500,000 values"):
        parsers.strict_json(b"[" + b"[]," * 300_000 + b"[]]")


@pytest.mark.parametrize("text", ["," * 600_000, '\\",[' * 200_000])
def test_a_text_may_have_any_number_of_commas(text):
    assert parsers.strict_json(json.dumps([text]).encode()) == [text]


FIELDS = [
    ("customerId", "0"),
    ("customerId", "-1"),
    ("customerId", "9223372036854775808"),
    ("customerId", str(10**30)),
    ("customerId", "1.5"),
    ("customerId", "1.0"),
    ("customerId", "true"),
    ("customerId", '"12a"'),
    ("customerId", '" 12"'),
    ("customerId", '"٣"'),
    ("customerId", '"-5"'),
    ("customerId", f'"{"9" * 30}"'),
    ("customerId", "[1]"),
    ("customerId", "{}"),
    ("requestId", "true"),
    ("requestId", "1.5"),
    ("requestId", f'"{"x" * 101}"'),
    ("requestId", "[]"),
    ("badgeMetaId", "5"),
    ("badgeMetaId", "false"),
    ("badgeMetaId", f'"{"x" * 101}"'),
    ("earnEventDate", "true"),
    ("earnEventDate", '"yesterday"'),
    ("earnEventDate", '"1715070653"'),
    ("earnEventDate", "1715070653447"),
    ("earnEventDate", "-1e11"),
    ("earnEventDate", '"0001-01-01T00:00:00+14:00"'),
    ("earnEventDate", "[]"),
    ("earnEventDateISO", "1715070653"),
    ("earnEventDateISO", '"2024-13-01T00:00:00Z"'),
    ("triggeredBy", "5"),
    ("triggeredBy", '"Loyalty"'),
    ("triggeredBy.ownerType", '"loyalty"'),
    ("triggeredBy.ownerType", '"Membercare"'),
    ("triggeredBy.ownerType", "5"),
    ("triggeredBy.ownerType", "[]"),
    ("triggeredBy.referenceId", "123694"),
    ("triggeredBy.referenceId", "true"),
    ("triggeredBy.referenceId", f'"{"x" * 256}"'),
]


@pytest.mark.parametrize(("path", "raw"), FIELDS)
def test_an_invalid_field_is_named(api, live_badge, path, raw):
    name, _dot, inner = path.partition(".")
    if inner:
        trigger = {"ownerType": '"Loyalty"', "referenceId": '"123694"', inner: raw}
        raw = "{" + ", ".join(f'"{key}": {value}' for key, value in trigger.items()) + "}"

    answer = api.earn(a_body(**{name: raw}))

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([400], [path])
    assert not EarnedBadge.objects.exists()


@pytest.mark.parametrize(
    ("path", "raw", "expected"),
    [
        ("customerId", "null", [812]),
        ("customerId", '""', [812]),
        ("badgeMetaId", '""', [715]),
        ("requestId", "null", [804]),
        ("requestId", '""', [804]),
        ("triggeredBy", "null", [716, 717]),
        ("triggeredBy", "{}", [716, 717]),
        ("triggeredBy", '{"ownerType": "", "referenceId": null}', [716, 717]),
    ],
)
def test_an_empty_field_is_a_missing_one(api, live_badge, path, raw, expected):
    answer = api.earn(a_body(**{path: raw}))

    assert answer.status_code == 400
    assert codes(answer) == expected


def test_an_empty_body_names_all_missing_fields(api):
    assert codes(api.earn(b"")) == [812, 804, 716, 717]


@pytest.mark.parametrize("size", [11 * 2**20, 30 * 2**20])
def test_a_huge_body_is_refused_with_413(api, size):
    answer = api.earn(b'"' + b"x" * size + b'"')

    assert answer.status_code == 413
    assert codes(answer) == [413]
    assert RequestLog.objects.get().content == ""


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_another_media_type_is_refused_with_415(api, media_type):
    answer = api.earn(a_body(), content_type=media_type)

    assert answer.status_code == 415
    assert codes(answer) == [415]
    assert not EarnedBadge.objects.exists()


def test_the_content_of_a_refused_request_is_truncated(api):
    api.earn(b"\xff\x00" + b"x" * 50_000)

    content = RequestLog.objects.get().content
    assert content.startswith("\\xff\\0xxx")
    assert len(content) == 10_000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = ["badgeMetaId", "customerId", "requestId", "earnEventDate", "triggeredBy"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.dictionaries(st.sampled_from(NAMES), anything))
def test_no_body_is_a_server_error(api, body):
    answer = api.post(EARN, json.dumps(body))

    assert answer.status_code in (400, 404)
    assert codes(answer)
    assert not EarnedBadge.objects.exists()
