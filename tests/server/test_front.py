"""Django gets complete requests only; incomplete or too large ones are answered without it."""

import json
import re
import threading
from io import BytesIO
from itertools import repeat

import pytest
from django.http import FileResponse, HttpResponse, StreamingHttpResponse

from badges.api.headers import unreadable_header
from tests.server.live import (
    CLOSE,
    EARN,
    SECONDS,
    body_of,
    connect,
    echo,
    exchange,
    front,
    post,
    receive_all,
    served,
)
from tests.waiting import wait_until


def never(environ, start_response):
    raise AssertionError("It was passed on.")


@pytest.mark.parametrize("sent_as", ["\u00fc".encode(), "\u00fc".encode("latin-1"), b"\x80\xff"])
def test_a_non_ascii_header_is_passed_to_the_application(sent_as):
    """If the server dropped the header, an import would have no id and could run twice."""
    found = []

    def application(environ, start_response):
        found.append(unreadable_header(environ))
        start_response("200 OK", [])
        return [b""]

    with served(front(application)) as address:
        exchange(address, post(headers=b"X-CAP-REQUEST-ID: " + sent_as + b"\r\n" + CLOSE))

    assert found == ["X-CAP-REQUEST-ID"]


@pytest.mark.parametrize(
    ("request_bytes", "answered"),
    [
        (post(b"012", headers=CLOSE), b"POST 3 012"),
        (post(b"0" * 100, headers=CLOSE), b"POST 100 " + b"0" * 100),
        (b"GET / HTTP/1.1\r\nHost: test\r\n" + CLOSE + b"\r\n", b"GET 0 "),
        (
            b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n"
            + CLOSE
            + b"\r\n3\r\n012\r\n2\r\n34\r\n0\r\n\r\n",
            b"POST 5 01234",
        ),
    ],
    ids=["small", "large", "none", "in chunks"],
)
def test_the_application_reads_a_complete_body(request_bytes, answered):
    with served(front(echo)) as address:
        assert body_of(exchange(address, request_bytes)) == answered


def test_a_body_may_wait_for_100_continue():
    with served(front(echo)) as address:
        client = connect(address, post(length=3, headers=b"Expect: 100-continue\r\n" + CLOSE))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"012")
        assert body_of(receive_all(client)) == b"POST 3 012"


@pytest.mark.parametrize("sent_so_far", [b"", b"0", b"012345678"])
def test_a_body_that_does_not_arrive_is_answered_with_408(sent_so_far):
    with served(front(never, timeout=0.1)) as address:
        answer = exchange(address, post(sent_so_far, path=EARN, length=10))

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body_of(answer))["errors"][0]["code"] == 408


def test_a_body_that_stalls_takes_no_slot():
    with served(front(echo, slots=1, max_waiting=0)) as address:
        stalled = [connect(address, post(b"0", length=10)) for _client in range(5)]

        assert body_of(exchange(address, post(b"012", headers=CLOSE))) == b"POST 3 012"
        for client in stalled:
            client.close()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_answered_with_413_during_the_upload(chunked):
    size = 5_000_000
    with served(front(never)) as address:
        if chunked:
            head = post(path=EARN, length=0)
            head = head.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
            answer = exchange(address, head, b"%x\r\n" % size + b"0" * size + b"\r\n0\r\n\r\n")
        else:
            answer = exchange(address, post(b"0" * size, path=EARN))

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body_of(answer))["errors"][0]["code"] == 413


def test_an_application_that_refuses_large_bodies_gets_only_the_length():
    with served(front(echo)) as address:
        answer = exchange(address, post(b"0" * 101, path="/itself"))

    assert body_of(answer) == b"POST 101 "


def waiting(environ, start_response, *, begun, go_on):
    begun.release()
    assert go_on.wait(SECONDS)
    start_response("200 OK", [])
    return [b"done"]


@pytest.mark.parametrize("begun", [b"", b"x"])
def test_the_body_timeout_applies_to_pipelined_requests(begun):
    """The second request is started when the first response is sent, and its body never arrives."""
    may_answer = threading.Event()

    def slow(environ, start_response):
        may_answer.wait(SECONDS)
        return echo(environ, start_response)

    with served(front(slow, timeout=0.1)) as address:
        connection = connect(address, post(b"{}") + post(begun, length=100))
        threading.Timer(0.2, may_answer.set).start()
        answer = receive_all(connection)

    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"200", b"408"]


@pytest.mark.parametrize(("max_waiting", "timeout"), [(0, 30.0), (1, 0.05)])
@pytest.mark.parametrize(
    ("path", "words"), [(EARN, b'"code":503'), ("/desk/", b"Back in a moment")]
)
def test_without_a_slot_the_answer_is_503(max_waiting, timeout, path, words):
    begun, go_on = threading.Semaphore(0), threading.Event()

    def work(environ, start_response):
        return waiting(environ, start_response, begun=begun, go_on=go_on)

    with served(front(work, slots=1, max_waiting=max_waiting, slot_timeout=timeout)) as address:
        at_work = connect(address, post(headers=CLOSE))
        assert begun.acquire(timeout=SECONDS)
        answer = exchange(address, post(path=path, headers=CLOSE))
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in answer
        assert words in answer
        go_on.set()
        assert body_of(receive_all(at_work)) == b"done"
        assert body_of(exchange(address, post(headers=CLOSE))) == b"done"


def test_a_request_waits_for_a_slot():
    begun, go_on = threading.Semaphore(0), threading.Event()

    def work(environ, start_response):
        return waiting(environ, start_response, begun=begun, go_on=go_on)

    with served(front(work, slots=1)) as address:
        clients = [connect(address, post(headers=CLOSE)) for _client in range(3)]
        assert begun.acquire(timeout=SECONDS)
        go_on.set()
        assert [body_of(receive_all(client)) for client in clients] == [b"done"] * 3


def test_a_request_in_progress_is_answered_before_the_server_stops():
    begun, go_on = threading.Semaphore(0), threading.Event()

    def work(environ, start_response):
        return waiting(environ, start_response, begun=begun, go_on=go_on)

    def refuses_connections():
        try:
            connect(address).close()
        except ConnectionError:
            return True
        return False

    def go_on_once_stopping():
        wait_until(refuses_connections)
        go_on.set()

    with served(front(work)) as address:
        client = connect(address, post())
        assert begun.acquire(timeout=SECONDS)
        threading.Thread(target=go_on_once_stopping, daemon=True).start()
    answer = receive_all(client)

    assert b"\r\nconnection: close\r\n" in answer
    assert body_of(answer) == b"done"


def test_a_request_without_database_access_needs_no_slot():
    with served(front(echo, slots=0)) as address:
        assert body_of(exchange(address, post(b"0", path="/free", headers=CLOSE))) == b"POST 1 0"


class Closed:
    """An application with a streaming response, which records that the response was closed."""

    def __init__(self, chunks):
        self.chunks, self.closed = chunks, threading.Event()

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        response = StreamingHttpResponse(self.made())
        response.close = self.closed.set
        return response

    def made(self):
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk


def chunks_of(answer):
    return body_of(answer).split(b"\r\n")


def test_a_streamed_response_ends_with_an_empty_chunk():
    stream = Closed([b"a", b"", b"bc"])
    with served(front(stream, slots=1)) as address:
        answer = exchange(address, post(headers=CLOSE))
        assert chunks_of(answer) == [b"1", b"a", b"2", b"bc", b"0", b"", b""]
        assert stream.closed.wait(SECONDS)
        assert chunks_of(exchange(address, post(headers=CLOSE)))[-3:] == [b"0", b"", b""]


def test_a_failed_stream_does_not_end_like_a_complete_response(caplog):
    stream = Closed([b"a", ZeroDivisionError("half way")])
    with served(front(stream, slots=1)) as address:
        assert chunks_of(exchange(address, post())) == [b"1", b"a", b""]
        assert stream.closed.wait(SECONDS)
        assert chunks_of(exchange(address, post())) == [b"1", b"a", b""]
    assert "half way" in caplog.text


def endless():
    yield from repeat(b"a" * 65536)


@pytest.mark.parametrize("reads", [True, False])
def test_a_stream_ends_when_the_client_stops_reading(reads, settings):
    settings.SEND_TIMEOUT = 0.2
    stream = Closed(endless())
    with served(front(stream, slots=1)) as address, connect(address, post()) as connection:
        if reads:
            assert connection.recv(1)
            connection.close()
        assert stream.closed.wait(SECONDS)


def test_a_stream_is_produced_no_faster_than_it_is_read():
    made = []

    def counted():
        for number in range(1_000):
            made.append(number)
            yield b"a" * 65536

    stream = Closed(counted())
    with served(front(stream, slots=1)) as address, connect(address, post(headers=CLOSE)) as client:
        client.recv(1)
        assert len(made) < 500
        receive_all(client)
    assert len(made) == 1_000


def test_a_stream_does_not_look_complete_when_the_server_stops():
    def until_stopped():
        yield b"a"
        go_on.wait(SECONDS)
        yield b"b"

    go_on, stream = threading.Event(), Closed(until_stopped())
    with served(front(stream, slots=1)) as address:
        client = connect(address, post())
        wait_until(lambda: client.recv(65536).endswith(b"1\r\na\r\n"))
    rest = receive_all(client)
    go_on.set()
    assert rest == b""


@pytest.mark.parametrize(
    "response",
    [lambda: HttpResponse(b"whole"), lambda: FileResponse(BytesIO(b"whole"))],
    ids=["page", "file"],
)
def test_a_complete_response_is_sent_with_its_length(response):
    def whole(environ, start_response):
        start_response("200 OK", [])
        return response()

    with served(front(whole)) as address:
        answer = exchange(address, post(headers=CLOSE))

    assert b"\r\ncontent-length: 5\r\n" in answer
    assert body_of(answer) == b"whole"


def test_a_response_to_head_has_no_body():
    with served(front(echo)) as address:
        answer = exchange(address, b"HEAD / HTTP/1.1\r\nHost: test\r\n" + CLOSE + b"\r\n")

    assert b"\r\ncontent-length: 7\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_a_header_with_a_line_break_is_not_sent():
    def splitting(environ, start_response):
        start_response("200 OK", [("X-Name", "a\r\nX-Other: b")])
        return [b"done"]

    with served(front(splitting)) as address:
        answer = exchange(address, post(path=EARN, headers=CLOSE))

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"X-Other" not in answer


def test_an_application_that_fails_is_answered_with_500_in_the_envelope():
    with served(front(never)) as address:
        answer = exchange(address, post(path=EARN, headers=CLOSE))

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert json.loads(body_of(answer))["errors"][0]["code"] == 999999
    assert b"It was passed on" not in answer
