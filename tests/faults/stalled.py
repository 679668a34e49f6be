"""Idle connections in large numbers, with assertions on their effect on other clients."""

import socket
import statistics
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from itertools import cycle

from tests.faults.clients import EARN, Responses
from tests.faults.system import System

CONNECTIONS = 500
SECONDS_TO_BE_ALIVE = 1.0
MAX_GROWTH = 100  # maximum growth of all workers together in megabytes
MAX_SLOWDOWN = 2.0  # maximum factor for the duration of an earn, at the 99th percentile
MAX_COMPARISONS = 3
TCP_REPAIR = 19  # of Linux: a socket that is closed in this mode sends no packet
HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n"
    "Content-Type: application/json\r\n{rest}"
)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])

# Returns the bytes that a client sends before it stalls.
Opening = Callable[[System], bytes]


def no_bytes(system: System) -> bytes:
    return b""


def partial_headers(system: System) -> bytes:
    return HEAD.format(path=EARN, rest="X-Half: ").encode()


def headers_only(system: System) -> bytes:
    authorized = f"Authorization: {system.made.authorization}\r\nContent-Length: 1000\r\n\r\n"
    return HEAD.format(path=EARN, rest=authorized).encode()


def headers_without_credentials(system: System) -> bytes:
    return HEAD.format(path=EARN, rest="Content-Length: 1000\r\n\r\n").encode()


def preface(system: System) -> bytes:
    return PREFACE


def stall(*openings: Opening, vanish: bool = False) -> Callable[[System, Responses, float], int]:
    """Return a fault: in every second quarter many clients connect, send their bytes and stall.

    Other programs of a busy machine can delay some earns. Therefore a comparison that exceeds the
    maximum slowdown is repeated; the fault fails if every comparison exceeds it.
    """

    def inject(system: System, responses: Responses, until: float) -> int:
        quarter = (until - time.monotonic()) / 4
        before, slowest = system.memory(), 0.0
        for _comparison in range(MAX_COMPARISONS):
            baseline, loaded, slowest_probe = _compare(system, responses, openings, vanish, quarter)
            slowest = max(slowest, slowest_probe)
            if p99(loaded) <= MAX_SLOWDOWN * p99(baseline):
                break
        _check(responses, baseline, loaded, slowest, grown=system.memory() - before)
        return CONNECTIONS

    return inject


def _compare(
    system: System,
    responses: Responses,
    openings: tuple[Opening, ...],
    vanish: bool,
    quarter: float,
) -> tuple[list[float], list[float], float]:
    """Return the durations of earns without and with the clients, and of the slowest probe."""
    baseline: list[float] = []
    loaded: list[float] = []
    slowest = 0.0
    for waits in (baseline, loaded, baseline, loaded):
        connections = _connect(system, openings) if waits is loaded else []
        if vanish:
            _vanish(connections)
        first = len(responses.waits)
        slowest = max(slowest, _probed(system, quarter))
        waits += responses.waits[first:]
        for connection in connections:
            connection.close()
    return baseline, loaded, slowest


def _connect(system: System, openings: tuple[Opening, ...]) -> list[socket.socket]:
    connections = [socket.create_connection(system.address) for _client in range(CONNECTIONS)]
    for connection, opening in zip(connections, cycle(openings), strict=False):
        connection.sendall(opening(system))
    return connections


def _vanish(connections: list[socket.socket]) -> None:
    """Close the sockets without notice to the server, as when a network fails."""
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        connection.close()


def _probed(system: System, seconds: float) -> float:
    """Send liveness probes for this number of seconds. Return the duration of the slowest one."""
    address, slowest = "http://{}:{}/healthz/live".format(*system.address), 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            urllib.request.urlopen(address, timeout=20).read()
        except (OSError, urllib.error.URLError):
            return float("inf")
        slowest = max(slowest, time.monotonic() - began)
        threading.Event().wait(0.1)
    return slowest


def p99(waits: list[float]) -> float:
    """Return the 99th percentile of seconds, in milliseconds."""
    return statistics.quantiles(waits, n=100)[-1] * 1000


def _check(
    responses: Responses, baseline: list, loaded: list, slowest: float, *, grown: float
) -> None:
    baseline_p99, loaded_p99 = p99(baseline), p99(loaded)
    responses.note = (
        f"p99 {baseline_p99:.0f} ms, with them {loaded_p99:.0f} ms; alive within {slowest:.2f} s; "
        f"memory grew by {grown:.0f} MB"
    )
    if (
        loaded_p99 > MAX_SLOWDOWN * baseline_p99
        or slowest > SECONDS_TO_BE_ALIVE
        or grown > MAX_GROWTH
    ):
        responses.unexpected.append(responses.note)
