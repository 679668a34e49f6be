"""The HTTP protocol of the server on its own port, with an application of a test."""

import socket
import threading
from contextlib import contextmanager

from uvicorn import Config, Server

from badgeadmin.server.bodies import BodyReader
from badgeadmin.server.front import Front
from badgeadmin.server.slots import Slots
from badges.api.envelope import rejection
from tests.waiting import TIMEOUT

SECONDS = TIMEOUT


def front(
    application,
    *,
    slots=2,
    max_waiting=8,
    slot_timeout=30.0,
    body_limit=100,
    client_address=lambda environ: environ["REMOTE_ADDR"],
    **bounds,
):
    """Return the front of a WSGI application, with limits that a test can reach."""
    bodies = {"timeout": 30, "max_pending": 10, "max_per_address": 10, "max_buffered": 1000}
    return Front(
        application,
        slots=Slots(slots, max_waiting=max_waiting, timeout=slot_timeout),
        bodies=BodyReader(**bodies | bounds),
        rejection=rejection,
        body_limit=lambda environ: body_limit,
        small_body=10,
        refuses_large_bodies=lambda path: path == "/itself",
        client_address=client_address,
        without_slot=frozenset({"/free"}),
    )


class Quiet(Server):
    """A server without signal handlers, which only the main thread may install."""

    def __init__(self, config):
        super().__init__(config)
        self.is_ready = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.is_ready.set()


@contextmanager
def served(application):
    """Serve an ASGI application, and yield the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = Config(
        application,
        interface="asgi3",
        http="badgeadmin.server.protocol:Protocol",
        ws="none",
        lifespan="off",
        loop="uvloop",
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=1,
        timeout_graceful_shutdown=1,
    )
    server = Quiet(config)
    thread = threading.Thread(target=server.run, args=[[listener]])
    thread.start()
    try:
        assert server.is_ready.wait(SECONDS)
        yield listener.getsockname()
    finally:
        server.should_exit = True
        thread.join(SECONDS)


def connect(address, *pieces):
    """Send data on a new connection and return the connection."""
    connection = socket.create_connection(address, timeout=SECONDS)
    for piece in pieces:
        connection.sendall(piece)
    return connection


def receive_all(connection):
    """Return all data until the other side closes the connection."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def exchange(address, *pieces):
    """Send data on a new connection and return all responses until it is closed."""
    return receive_all(connect(address, *pieces))


EARN = "/api_gateway/v1/badges/customer/earn"
CLOSE = b"Connection: close\r\n"


def echo(environ, start_response):
    """Return the method, the length and the body as Django would read them."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    start_response("200 OK", [])
    return [f"{environ['REQUEST_METHOD']} {length} ".encode(), body]


def post(body=b"", *, path="/", length=None, headers=b""):
    length = len(body) if length is None else length
    head = b"POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n" % (path.encode(), length)
    return head + headers + b"\r\n" + body


def body_of(answer):
    return answer.partition(b"\r\n\r\n")[2]
