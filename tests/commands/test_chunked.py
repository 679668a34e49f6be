"""Bodies in chunks reach Django whole, or one byte too long."""

from io import BytesIO

import pytest

from badgeadmin.chunked import with_chunked_bodies

CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}


def seen(environ, body):
    """Return what an application behind the wrapper reads as Django does."""

    def application(environ, start_response):
        return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))

    wrapped = with_chunked_bodies(application, most_bytes=10)
    return wrapped(environ | {"wsgi.input": BytesIO(body)}, None)


@pytest.mark.parametrize(
    ("environ", "body", "read"),
    [
        (CHUNKED, b"", b""),
        (CHUNKED, b"0123456789", b"0123456789"),
        (CHUNKED, b"0123456789ABC", b"0123456789A"),
        ({"CONTENT_LENGTH": "3"}, b"0123", b"012"),
        ({}, b"0123", b""),
    ],
)
def test_a_body_in_chunks_gets_a_length(environ, body, read):
    assert seen(environ, body) == read
