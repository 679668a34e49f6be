"""Requests that the token endpoint refuses before the OAuth toolkit, and the error messages."""

import base64
import json
from urllib.parse import quote

import pytest
from oauth2_provider.models import AccessToken

from badges.models import RequestLog
from badges.rate_limits import RateLimiter
from tests.api.conftest import basic
from tests.factories import SECRET

pytestmark = pytest.mark.django_db

TOKEN = "/o/token/"
GRANT = "grant_type=client_credentials"
FORM = "application/x-www-form-urlencoded"


def ask(client, body, content_type=FORM, query="", **headers):
    sent = body if isinstance(body, bytes) else body.encode()
    return client.generic("POST", TOKEN + query, sent, content_type, headers=headers)


def credentials(client_id="loyalty-engine", secret=SECRET):
    return f"&client_id={quote(client_id)}&client_secret={quote(secret)}"


def assert_refused(answer, error, *, status=400):
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["error"] == error
    assert not AccessToken.objects.exists()
    row = RequestLog.objects.get()
    assert (row.code, row.errors[0]["message"]) == (401, error)


@pytest.mark.parametrize(
    "body",
    [
        GRANT + "&client_id=a%00b",
        GRANT + "&client_id=loyalty-engine&client_secret=%00",
        GRANT + "&scope=%00",
        GRANT + "&unknown=%00",
        GRANT + "&%00=unknown",
        GRANT + "%00",
        GRANT + "&client_id=%ff",
        GRANT + "&client_secret=%ed%a0%80",
        GRANT + "&scope=\xff",
    ],
)
def test_invalid_utf8_is_refused_by_the_token_endpoint(client, integrator, body):
    assert_refused(ask(client, body.encode("latin-1")), "invalid_request")


@pytest.mark.parametrize("name", ["client_id", "client_secret", "scope", "grant_type"])
def test_invalid_utf8_in_a_multipart_form_is_refused_by_the_token_endpoint(
    client, integrator, name
):
    fields = {"grant_type": "client_credentials", name: "a\0b"}
    assert_refused(client.post(TOKEN, fields), "invalid_request")


@pytest.mark.parametrize("client_id", ["a\0b", "a%00b", "%ff", "\udcff"])
def test_an_impossible_client_id_is_refused(client, integrator, client_id):
    text = f"{client_id}:secret".encode(errors="surrogateescape")
    header = f"Basic {base64.b64encode(text).decode()}"
    assert_refused(ask(client, GRANT, authorization=header), "invalid_client", status=401)


@pytest.mark.parametrize("query", ["?scope=%00", "?%ff", "?client_id=x", f"?{GRANT}"])
def test_parameters_in_the_query_are_refused(client, integrator, query):
    assert_refused(ask(client, GRANT + credentials(), query=query), "invalid_request")


@pytest.mark.parametrize(
    "grant_type",
    [
        *("urn:ietf:params:oauth:grant-type:device_code", "authorization_code", "password"),
        *("refresh_token", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x"),
    ],
)
@pytest.mark.parametrize("more", ["", "&device_code=x", "&code=x", "&refresh_token=x"])
def test_other_grant_types_are_refused(client, integrator, grant_type, more):
    body = f"grant_type={quote(grant_type)}{more}{credentials()}"
    assert_refused(ask(client, body), "unsupported_grant_type")


@pytest.mark.parametrize("body", ["", "grant_type=", "grant_type", credentials()[1:]])
def test_a_missing_grant_type_is_named(client, integrator, body):
    answer = ask(client, body)
    assert_refused(answer, "invalid_request")
    assert "grant_type" in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps({"grant_type": "client_credentials"}), "application/json"),
        ("<a/>", "text/xml"),
        (GRANT, "text/plain"),
        (b"\x1f\x8b", "application/octet-stream"),
        (GRANT, f"{FORM}; charset=utf-16"),
        (GRANT, f"{FORM}; charset=base64"),
        ("--x", "multipart/form-data"),
        ("--x", "multipart/form-data; boundary=x; charset=base64"),
    ],
)
def test_another_body_is_refused_with_a_message(client, integrator, body, content_type):
    answer = ask(client, body, content_type, **basic(integrator.client_id))
    assert_refused(answer, "invalid_request")
    assert len(answer.json()["error_description"]) > 20


@pytest.mark.parametrize(
    "repeated",
    [GRANT, "scope=badges&scope=badges", "client_id=a&client_id=loyalty-engine", "x=1&x=2"],
)
def test_repeated_parameters_are_refused(client, integrator, repeated):
    answer = ask(client, f"{GRANT}&{repeated}", **basic(integrator.client_id))
    assert_refused(answer, "invalid_request")
    assert "more than once" in answer.json()["error_description"]


@pytest.mark.parametrize(
    "empty", ["scope=", "client_id=&client_secret=", "unknown=", "scope", "scope=+%20"]
)
def test_a_parameter_without_a_value_counts_as_omitted(client, integrator, empty):
    answer = ask(client, f"{GRANT}&{empty}", **basic(integrator.client_id))
    assert answer.status_code == 200
    assert answer.json()["scope"] == "badges"


@pytest.mark.parametrize(
    "unknown", ["resource=http://[::", "resource=x", "redirect_uri=http://[", "code_verifier=x"]
)
@pytest.mark.parametrize("place", ["body", "address"])
def test_an_unknown_parameter_is_ignored(client, integrator, unknown, place):
    body, query = (f"{GRANT}&{unknown}", "") if place == "body" else (GRANT, f"?{unknown}")
    answer = ask(client, body, query=query, **basic(integrator.client_id))
    assert answer.status_code == 200
    assert answer.json()["scope"] == "badges"


def test_credentials_in_the_body_are_accepted(client, integrator):
    assert ask(client, GRANT + credentials()).status_code == 200


@pytest.mark.parametrize("body", ["x=%00", "grant_type=x", GRANT + "&scope=a&scope=b"])
def test_early_refusals_count_for_the_rate_limit(client, integrator, monkeypatch, body):
    monkeypatch.setattr("badges.api.throttling.unauthenticated", RateLimiter(1 / 60, burst=2))
    assert [ask(client, body).status_code for _time in range(3)] == [400, 400, 429]
