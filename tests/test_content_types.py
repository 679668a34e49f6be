"""Invalid Content-Type and Accept headers are refused before any view, never with a 5xx."""

import pytest
from django.test import RequestFactory

from badgeadmin.wsgi import application
from badges.models import RequestLog
from tests.api.conftest import BADGES, EARN, basic
from tests.connections import connections_kept

pytestmark = pytest.mark.django_db

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TYPES = [JSON, FORM, "multipart/form-data; boundary=x", "text/plain"]
CHARSETS = [
    # Codecs from bytes to bytes, or from text to text.
    *("base64", "hex", "rot13", "zlib", "bz2", "uu", "quopri", '"base64"', "BASE64"),
    # Text codecs that fail, or that decode other characters than were sent.
    *("idna", "punycode", "utf-7", "undefined", "unicode_escape", "utf-16", "utf-8-sig", "cp037"),
    *("no-such-codec", "", '""', '"', "../x", "a" * 300, "utf-8; charset=base64"),
]
PARAMETERS = [
    *(f"charset={charset}" for charset in CHARSETS),
    # In RFC 2231, a parameter can declare the charset of its own value.
    *("charset*=no-such-codec''x", "charset*=undefined''%41", "charset*=base64''x"),
    *("x*=idna''%ff", "charset*0*=undefined''%41; charset*1=x"),
]
REFUSED = [(media_type, parameter) for media_type in TYPES for parameter in PARAMETERS]
ADDRESSES = [
    *(
        ("GET", BADGES),
        ("POST", BADGES),
        ("POST", EARN),
        ("POST", "/o/token/"),
        ("POST", "/o/token"),
    ),
    *(("GET", "/desk/"), ("POST", "/admin/login/"), ("POST", "/desk/definitions/new/")),
]


def ask(method, path, content_type, **headers):
    """Send a request to the application that the server runs. Return the status and the body."""
    request = RequestFactory().generic(
        method, path, b"name=x", content_type="text/plain", headers={"Host": "localhost", **headers}
    )
    environ, started = request.environ | {"CONTENT_TYPE": content_type}, []
    with connections_kept():
        chunks = application(environ, lambda *start: started.append(start[0]))
        body = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
    return int(started[0].split()[0]), body.decode()


@pytest.mark.parametrize("query", ["", "?q=%41"])
@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_a_charset_other_than_utf_8_is_refused(integrator, method, path, query):
    caller = basic(integrator.client_id)
    answers = {
        (media_type, parameter): ask(method, path + query, f"{media_type}; {parameter}", **caller)
        for media_type, parameter in REFUSED
    }

    status = 415 if path.startswith("/api_gateway/") else 400
    assert {key: found for key, (found, _body) in answers.items() if found != status} == {}
    if path.startswith("/api_gateway/"):
        assert all('"code":415' in body for _status, body in answers.values())
    if path.startswith("/o/"):
        assert all('"error": "invalid_request"' in body for _status, body in answers.values())
    assert not RequestLog.objects.filter(outcome="ACCEPTED").exists()


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8", "Utf8"])
def test_utf_8_is_accepted_in_any_spelling(integrator, charset):
    status, _body = ask(
        "GET", f"{BADGES}?q=%41", f"{JSON}; charset={charset}", **basic(integrator.client_id)
    )
    assert status == 200


@pytest.mark.parametrize("accept", ["q*=no-such-codec''x", "q*=undefined''%41"])
def test_an_invalid_accept_header_is_refused(db, accept):
    token = "a" * 32
    headers = {"Cookie": f"csrftoken={token}", "X-CSRFToken": token}
    status, _body = ask("POST", "/i18n/setlang/", FORM, Accept=f"text/html; {accept}", **headers)
    assert status == 400


@pytest.mark.parametrize("accept", ["q*=no-such-codec''x", "q*=undefined''%41", '"'])
@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_an_accept_header_does_not_affect_pages(integrator, method, path, accept):
    headers = basic(integrator.client_id) | {"Accept": f"text/html; {accept}"}
    status, _body = ask(method, path, FORM, **headers)
    assert status < 500
