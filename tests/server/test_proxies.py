"""Behind proxies, the server identifies clients by the address in the proxies' headers."""

import pytest

from badges.client_address import client_address, client_network
from tests.server.live import (
    CLOSE,
    EARN,
    body_of,
    connect,
    echo,
    exchange,
    front,
    post,
    receive_all,
    served,
)


def forwarded(*values):
    return b"".join(b"X-Forwarded-For: %s\r\n" % value.encode() for value in values)


def tell_address(environ, start_response):
    start_response("200 OK", [])
    return [client_address(environ).encode()]


@pytest.mark.parametrize(
    ("trusted", "headers", "address"),
    [
        (0, ["192.0.2.1", "192.0.2.2"], "127.0.0.1"),
        (1, ["192.0.2.1", "192.0.2.2"], "192.0.2.2"),
        (2, ["192.0.2.1", "192.0.2.2"], "192.0.2.1"),
        (2, ["203.0.113.9, 192.0.2.1", "192.0.2.2"], "192.0.2.1"),
        (3, ["203.0.113.9", "192.0.2.1, 192.0.2.2", "192.0.2.3"], "192.0.2.1"),
        (2, ["192.0.2.1", ""], "127.0.0.1"),
    ],
)
def test_repeated_headers_are_one_list_in_their_order(settings, trusted, headers, address):
    settings.TRUSTED_PROXIES = trusted
    with served(front(tell_address)) as server:
        answer = exchange(server, post(headers=forwarded(*headers) + CLOSE))

    assert body_of(answer) == address.encode()


@pytest.mark.parametrize(
    ("trusted", "first", "second", "is_given_up"),
    [
        (1, ["192.0.2.1"], ["192.0.2.2"], False),
        (1, ["192.0.2.1"], ["203.0.113.9", "192.0.2.1"], True),
        (1, ["2001:db8::1"], ["2001:db8::2"], True),
        (0, ["192.0.2.1"], ["192.0.2.2"], True),
    ],
)
def test_pending_bodies_are_counted_by_client(settings, trusted, first, second, is_given_up):
    """If a client exceeds its number of pending bodies, its oldest one is given up with 503."""
    settings.TRUSTED_PROXIES = trusted
    with served(front(echo, max_per_address=1, client_address=client_network)) as server:
        pending = connect(
            server, post(b"0", path=EARN, length=5, headers=forwarded(*first) + CLOSE)
        )
        until_pending(server)
        last = connect(server, post(b"0", length=3, headers=forwarded(*second) + CLOSE))
        until_pending(server)
        last.sendall(b"12")
        assert body_of(receive_all(last)) == b"POST 3 012"
        if not is_given_up:
            pending.sendall(b"1234")
        answer = receive_all(pending)

    assert answer.startswith(b"HTTP/1.1 503 " if is_given_up else b"HTTP/1.1 200 ")


def until_pending(server):
    """Wait until the event loop has read earlier data, by sending another request."""
    exchange(server, b"GET / HTTP/1.1\r\nHost: test\r\n" + CLOSE + b"\r\n")
