"""A connection must send valid HTTP/1.1 requests in time; others are refused."""

import asyncio
import json
import threading

import pytest

from tests.server.live import SECONDS, connect, exchange, front, receive_all, served

GET = b"GET / HTTP/1.1\r\nHost: test\r\n"
POST = b"POST / HTTP/1.1\r\nHost: test\r\n"
CLOSE = b"Connection: close\r\n\r\n"


def with_tasks(application):
    """Make an ASGI application handle every request in a task, as if none were complete."""
    application.begin = lambda request: False
    return application


@with_tasks
async def echo(scope, receive, send):
    """Return the names of the headers and the body in the response."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    content = b" ".join(name for name, _value in scope["headers"]) + b"|" + body
    headers = [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def echo_of_wsgi(environ, start_response):
    """Return the names of the headers and the body in the response, as `echo` does."""
    names = [key.removeprefix("HTTP_") for key in environ if key.startswith("HTTP_")]
    start_response("200 OK", [])
    head = " ".join(names).lower().replace("_", "-").encode()
    return [head + b"|", environ["wsgi.input"].read()]


@pytest.fixture(scope="module", params=[echo, front(echo_of_wsgi)], ids=["tasks", "front"])
def address(request):
    with served(request.param) as address:
        yield address


def errors_of(answer):
    return json.loads(answer.partition(b"\r\n\r\n")[2])["errors"]


@pytest.mark.parametrize(
    "length",
    [
        *(b"+5", b"5_0", b"-5", b"0x10", b"9" * 21, b"5, 5", "٣".encode(), b""),
        *(b"5\r\nContent-Length: 6", b"5\r\nContent-Length: 5"),
    ],
)
def test_an_invalid_content_length_is_refused(address, length):
    answer = exchange(address, POST + b"Content-Length: " + length + b"\r\n\r\n12345")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert errors_of(answer)[0]["code"] == 400


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: ,chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    ],
)
def test_an_ambiguous_body_is_refused_and_the_connection_closed(address, headers):
    answer = exchange(address, POST + headers + b"\r\n2\r\n{}\r\n0\r\n\r\n" + GET + CLOSE)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "request_head",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        GET + b"Host: other\r\n\r\n",
        GET + b"X: a\0b\r\n\r\n",
        GET + b"X: a\r\n b\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: test\r\n\r\n",
        b"CONNECT test:80 HTTP/1.1\r\nHost: test\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["HTTP/2", "no host", "two hosts", "NUL", "folded", "bytes", "blank", "CONNECT", "TLS"],
)
def test_invalid_http_is_refused_in_the_envelope(address, request_head):
    answer = exchange(address, request_head)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert errors_of(answer)[0]["code"] == 400
    assert b"\r\nx-content-type-options: nosniff\r\n" in answer
    assert b"\r\nconnection: close\r\n" in answer


@pytest.mark.parametrize(
    "headers",
    [b"X: y\r\n" * 200 + b"\r\n", b"X: " + b"y" * 200_000, b"Y" * 200_000],
    ids=["many", "long", "a long name"],
)
def test_headers_have_a_maximum_number_and_size(address, headers):
    answer = exchange(address, GET + headers)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert errors_of(answer)[0]["code"] == 431


@pytest.mark.parametrize("encoding", [b"chunked", b"Chunked", b" chunked "])
def test_a_chunked_body_is_read(address, encoding):
    chunks = b"\r\n2\r\n{}\r\n0\r\n\r\n"

    answer = exchange(
        address, POST + b"Transfer-Encoding:" + encoding + b"\r\n" + chunks + GET + CLOSE
    )

    assert answer.split(b"HTTP/1.1 200 ")[1].endswith(b"|{}")


def test_trailers_of_a_chunked_body_are_no_headers(address):
    chunks = b"2\r\n{}\r\n0\r\nAuthorization: secret\r\n\r\n"

    answer = exchange(address, POST + b"Transfer-Encoding: chunked\r\n" + CLOSE + chunks)

    assert answer.endswith(b"\r\n\r\nhost transfer-encoding connection|{}")


def test_trailers_of_a_chunked_body_have_a_maximum_size(address):
    chunks = b"2\r\n{}\r\n0\r\nAuthorization: " + b"a" * 1_000_000

    answer = exchange(address, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)

    assert answer.startswith(b"HTTP/1.1 431 ")


def test_pipelined_requests_are_answered_in_order(address):
    posts = [POST + b"Content-Length: 1\r\n\r\n%d" % number for number in range(5)]

    answer = exchange(address, b"".join(posts) + GET + CLOSE)

    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200")[1:]]
    assert [body[-1:] for body in bodies] == [b"0", b"1", b"2", b"3", b"4", b"|"]


def test_a_single_request_is_answered_without_a_following_one(address):
    answer = exchange(address, GET + b"\r\n" + b"GARBAGE\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_an_upgrade_to_http2_is_ignored(address):
    answer = exchange(address, GET + b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200 ")


UPGRADES = [
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
]
BODY = b"GET /hidden HTTP/1.1\r\nHost: test\r\n\r\n"
FRAMED = {
    "length": b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY),
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
}


@pytest.mark.parametrize("upgrade", UPGRADES, ids=["h2c", "websocket"])
@pytest.mark.parametrize("framed", FRAMED.values(), ids=FRAMED)
@pytest.mark.parametrize("size", [1, 10, 70_000])
def test_an_upgrade_request_keeps_its_body(address, upgrade, framed, size):
    """The body is not lost or read as the next request, and the following request is answered."""
    sent_twice = (POST + upgrade + framed) * 2 + GET + CLOSE
    pieces = [sent_twice[at : at + size] for at in range(0, len(sent_twice), size)]

    answer = exchange(address, *pieces)

    first, second, last = answer.split(b"HTTP/1.1 200 ")[1:]
    assert first.endswith(b"|" + BODY)
    assert second.endswith(b"|" + BODY)
    assert last.endswith(b"|")


def test_pipelined_upgrade_requests_are_all_answered(address):
    answer = exchange(address, (GET + UPGRADES[0] + b"\r\n") * 500 + GET + CLOSE)

    assert answer.count(b"HTTP/1.1 200 ") == 501


@pytest.mark.parametrize("headers", [b"Content-Length: 5\r\n", b"Transfer-Encoding: identity\r\n"])
def test_the_body_of_an_upgrade_request_is_validated(address, headers):
    framing = b"Transfer-Encoding: chunked\r\n" if b"Length" in headers else b""

    answer = exchange(address, POST + UPGRADES[0] + headers + framing + b"\r\n0\r\n\r\n" + BODY)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("begun", [b"", b"GET / HT", GET, b"\r\n" * 10])
def test_incomplete_headers_close_the_connection(address, begun, settings):
    settings.HEADER_TIMEOUT = 0.2

    assert exchange(address, begun) == b""


def test_the_header_timeout_applies_to_later_requests(address, settings):
    settings.HEADER_TIMEOUT = 0.2

    answer = exchange(address, GET + b"\r\n", b"GET / HT")

    assert answer.count(b"HTTP/1.1 200 ") == 1


def test_the_connection_that_is_idle_longest_is_closed(settings):
    settings.MAX_CONNECTIONS = 2
    with served(echo) as address:
        silent = [connect(address) for _connection in range(2)]
        last = connect(address, GET + CLOSE)

        assert receive_all(last).startswith(b"HTTP/1.1 200 ")
        assert receive_all(silent[0]) == b""
        silent[1].sendall(GET + CLOSE)
        assert receive_all(silent[1]).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_does_not_read_is_disconnected(settings):
    settings.SEND_TIMEOUT = 0.2
    is_gone = threading.Event()

    @with_tasks
    async def endless(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        watcher = asyncio.create_task(receive())
        while not watcher.done():
            await send({"type": "http.response.body", "body": b"a" * 65536, "more_body": True})
        is_gone.set()

    with served(endless) as address, connect(address, GET + b"\r\n"):
        assert is_gone.wait(SECONDS)
