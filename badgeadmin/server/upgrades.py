"""Requests to upgrade to another protocol, which the server does not support.

Such a request is processed like any other (RFC 9110, 7.8): Java's client sends `Upgrade: h2c` with
the first request of a connection. httptools treats it as the last request of the connection: it
skips the body and stops, and the body would be parsed as the next request.
"""

from collections.abc import Iterable

from httptools import HttpRequestParser

FRAMING = (b"content-length", b"transfer-encoding")
HEADER = b"%b: %b\r\n"


class RestOfRequest:
    """Forwards the callbacks of a parser for a body, and for later requests, to a protocol."""

    def __init__(self, protocol):
        self._protocol, self._has_headers = protocol, False
        self.on_body, self.on_message_complete = protocol.on_body, protocol.on_message_complete

    def on_message_begin(self) -> None:
        if self._has_headers:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._has_headers:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._has_headers:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._has_headers:
            self._protocol.on_headers_complete()
        self._has_headers = True


def new_parser(target) -> HttpRequestParser:
    """Return a parser with uvicorn's options for a connection."""
    parser = HttpRequestParser(target)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


def headers_without_upgrade(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the start of a request whose body has the length that these headers declare."""
    framing = [HEADER % header for header in headers if header[0] in FRAMING]
    return b"".join([b"POST / HTTP/1.1\r\n", *framing, b"\r\n"])
