"""Unreadable headers are refused, and every response has the headers of Django's middleware."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest
from django.conf import settings as project

from badges.api.envelope import malformed_body, rejection
from badges.api.headers import CHECKED_HEADERS, CHECKED_PREFIX
from badges.api.response_headers import middleware_headers
from badges.errors import ErrorCode
from badges.models import EarnedBadge
from tests.api.conftest import EARN, basic
from tests.api.fast_earn import BY_DJANGO, BY_FAST_PATH, Server

pytestmark = pytest.mark.django_db
IMPORT = "/api_gateway/v1/badges/import/customerBadges"
# "ü" in UTF-8 as servers pass it on, "ü" in Latin-1, and bytes that are valid in neither.
UNREADABLE = ["Ã¼", "ü", "a\xffb", "\x80"]
SOURCES = [*Path(project.BASE_DIR, "badges").rglob("*.py")]
SOURCES += Path(project.BASE_DIR, "badgeadmin").rglob("*.py")


@pytest.fixture
def caller(integrator):
    return basic(integrator.client_id)


def post(client, path, body, headers):
    return client.post(path, body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("value", UNREADABLE)
@pytest.mark.parametrize(
    "name",
    [
        *("X-CAP-REQUEST-ID", "X-CAP-CUSTOMER-IDENTIFIER", "X-CAP-ANYTHING", "Idempotency-Key"),
        *("If-Match", "If-None-Match", "Accept", "Accept-Language", "X-Forwarded-For"),
    ],
)
def test_an_undecodable_header_is_refused(client, caller, earn_body, name, value):
    answer = post(client, EARN, earn_body(), caller | {name: value})

    assert answer.status_code == 400
    assert answer.json()["data"] is None
    (error,) = answer.json()["errors"]
    assert (error["code"], error["reference"]) == (400, name)
    assert not EarnedBadge.objects.exists()


@pytest.mark.parametrize("value", UNREADABLE)
def test_undecodable_credentials_are_refused(client, earn_body, value):
    assert post(client, EARN, earn_body(), {"Authorization": f"Basic {value}"}).status_code == 400


@pytest.mark.parametrize("value", UNREADABLE)
def test_an_import_with_an_undecodable_id_is_refused(client, caller, live_badge, value):
    item = {"badgeMetaId": live_badge.pk, "customerId": 7, "earnEventDate": 1_770_000_000}

    for _time in range(2):
        answer = post(client, IMPORT, [item], caller | {"X-CAP-REQUEST-ID": value})
        assert answer.status_code == 400

    assert not EarnedBadge.objects.exists()


def test_an_import_with_an_empty_id_is_refused(client, caller, live_badge):
    item = {"badgeMetaId": live_badge.pk, "customerId": 7, "earnEventDate": 1_770_000_000}

    assert post(client, IMPORT, [item], caller | {"X-CAP-REQUEST-ID": ""}).status_code == 400
    assert not EarnedBadge.objects.exists()


@pytest.mark.parametrize("name", ["User-Agent", "Cookie", "Referer", "X-Team"])
def test_unused_headers_may_have_any_value(client, caller, earn_body, name):
    assert post(client, EARN, earn_body(), caller | {name: "Zürich"}).status_code == 200


def test_the_token_endpoint_refuses_headers_in_the_form_of_oauth(client):
    answer = client.post("/o/token/", {}, headers={"Authorization": "Basic ü"})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_every_used_header_is_checked():
    by_name = re.compile(r'headers(?:\.get\(|\[)"([^"]+)"|[A-Z_]+HEADER = "([^"]+)"')
    by_key = re.compile(r'"(HTTP_[A-Z_]+)"')
    own = {"HTTP_COOKIE", CHECKED_PREFIX, "HTTP_REFERER"}
    answers = {"Idempotency-Replayed"}
    for source in SOURCES:
        text = source.read_text()
        names = {one or other for one, other in by_name.findall(text)} - answers
        keys = {f"HTTP_{name.upper().replace('-', '_')}" for name in names}
        keys |= set(by_key.findall(text))
        checked = own | CHECKED_HEADERS
        unknown = [key for key in keys - checked if not key.startswith(CHECKED_PREFIX)]
        assert unknown == [], source


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "identity, gzip", "x"])
@pytest.mark.parametrize("path", [EARN, IMPORT, "/o/token/"])
def test_a_compressed_body_is_refused_with_a_message(client, caller, path, encoding):
    answer = post(client, path, b"\x1f\x8b", caller | {"Content-Encoding": encoding})

    assert answer.status_code == 415
    assert "Content-Encoding" in answer.content.decode()


@pytest.mark.parametrize("encoding", ["identity", "Identity", ""])
def test_the_identity_content_encoding_is_accepted(client, caller, earn_body, encoding):
    assert (
        post(client, EARN, earn_body(), caller | {"Content-Encoding": encoding}).status_code == 200
    )


@pytest.fixture(params=[False, True], ids=["HTTP", "HTTPS"])
def https(request, settings):
    """Configure the settings for HTTP or HTTPS. Return the headers of a matching request."""
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = request.param
    settings.SECURE_HSTS_SECONDS = 3600 if request.param else 0
    name = ("HTTP_X_FORWARDED_PROTO", "https") if request.param else None
    settings.SECURE_PROXY_SSL_HEADER = name
    forget_headers()
    yield {"X-Forwarded-Proto": "https"} if request.param else {}
    forget_headers()


def forget_headers():
    middleware_headers.cache_clear()
    malformed_body.cache_clear()
    rejection.__globals__["_rejection"].cache_clear()


OF_THE_VIEW = {
    *("Allow", "Cache-Control", "Content-Length", "Content-Type", "Expires", "Location", "Pragma"),
    *("Retry-After", "Vary", "WWW-Authenticate"),
}


def of_the_middleware(answer):
    return {name: value for name, value in answer.items() if name not in OF_THE_VIEW}


@pytest.mark.parametrize("in_batches", [False, True])
def test_the_fast_path_sends_all_headers_of_django(caller, earn_body, https, in_batches):
    server = Server(in_batches=in_batches)
    long, short = (server.earn(earn_body(), **caller, **https) for _time in range(2))

    assert (long.answered_by, short.answered_by) == (BY_DJANGO, BY_FAST_PATH)
    assert (long.status_code, short.status_code) == (200, 200)
    assert ("Strict-Transport-Security" in short.headers) == bool(https)
    assert long.headers.keys() == short.headers.keys()
    for name in long.headers.keys() - {"Content-Length"}:
        assert long.headers[name] == short.headers[name]


@pytest.mark.parametrize("path", [EARN, "/o/token/", "/desk/", "/admin/login/", "/"])
@pytest.mark.parametrize(
    "code", [ErrorCode.BODY_INCOMPLETE, ErrorCode.BODY_TOO_LARGE, ErrorCode.UNAVAILABLE]
)
def test_a_rejected_request_is_answered_with_all_headers(client, path, code, https):
    usual = of_the_middleware(client.post(path, headers=https))
    refused = rejection(path, code)

    assert usual.items() <= dict(refused.items()).items()
    for name in ("Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy"):
        assert name in refused
    assert refused["X-Frame-Options"] == "DENY"
    assert refused["X-Content-Type-Options"] == "nosniff"
    assert ("Strict-Transport-Security" in refused) == bool(https)


@pytest.mark.parametrize("status", [400, 431])
def test_an_invalid_request_is_answered_with_all_headers(client, status, https):
    usual = of_the_middleware(client.post(EARN, headers=https))
    refused = malformed_body(HTTPStatus(status))

    assert refused.status_code == status
    assert usual.items() <= dict(refused.items()).items()
    assert ("Strict-Transport-Security" in refused) == bool(https)
