"""HTTP/1.1 on one connection: uvicorn's protocol with limits of time and memory.

uvicorn limits only the time between two requests. This protocol also limits the time to receive
headers, the time to read a response, the size of headers, and the number of connections.
`badgeadmin.server.bodies` has the deadline of a body.
"""

from asyncio import TimerHandle
from http import HTTPStatus

from django.conf import settings
from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from badgeadmin.server.complete import CompleteRequest
from badgeadmin.server.responses import DRAIN_TIMEOUT, Answer
from badgeadmin.server.upgrades import RestOfRequest, headers_without_upgrade, new_parser

MAX_HEADERS = 100
MAX_HEADER_BYTES = 128 * 1024


class BadRequestError(Exception):
    """The headers of a request violate HTTP/1.1; this exception stops the parser."""


class Protocol(HttpToolsProtocol):
    """One connection; when there are too many, the connection idle for longest is closed."""

    _idle: dict["Protocol", None] = {}

    # Whether the next bytes belong to the headers of a request, and the number of bytes received
    # that are neither complete headers nor body.
    _reads_headers = True
    _unused_bytes = 0
    # All input is ignored after a client has sent invalid HTTP.
    _is_broken = False
    _fault = HTTPStatus.BAD_REQUEST
    _unstarted: RequestResponseCycle | None = None
    _headers_timer: TimerHandle | None = None
    _send_timer: TimerHandle | None = None

    def connection_made(self, transport) -> None:
        super().connection_made(transport)
        if len(self.connections) > settings.MAX_CONNECTIONS and self._idle:
            next(iter(self._idle)).transport.abort()
        self._idle[self] = None
        self._start_headers_timer()

    def connection_lost(self, exc) -> None:
        self._idle.pop(self, None)
        self._stop_headers_timer()
        self._stop_send_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_broken:
            return
        self._unused_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except HttpParserError:
            self._refuse()
        self._start_unstarted()
        if self._unused_bytes > MAX_HEADER_BYTES:
            self._fault = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self._refuse()
        elif self._reads_headers and not self._headers_timer and not self._is_responding():
            self._start_headers_timer()

    def _parse(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
                return
            except HttpParserUpgrade as upgrade:
                (offset,) = upgrade.args
                data = data[offset:]
                self.parser = new_parser(RestOfRequest(self))
                self.parser.feed_data(headers_without_upgrade(self.scope["headers"]))

    def on_headers_complete(self) -> None:
        if len(self.headers) > MAX_HEADERS:
            self._fault = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise BadRequestError
        names = [name for name, _value in self.headers]
        hosts = names.count(b"host")
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise BadRequestError
        if b"transfer-encoding" in names and not self._is_only_chunked():
            raise BadRequestError
        self._idle.pop(self, None)
        self._stop_headers_timer()
        self._reads_headers, self._unused_bytes = False, 0
        super().on_headers_complete()
        self.headers = []  # trailers of a chunked body must not count as headers

    def on_body(self, body: bytes) -> None:
        self._unused_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():  # its body has not arrived yet
            return
        self._reads_headers, self._unused_bytes = True, 0
        super().on_message_complete()
        self._start_unstarted()

    def on_response_complete(self) -> None:
        is_followed = bool(self.pipeline)
        super().on_response_complete()
        if self.transport.is_closing():
            self._start_send_timer()
        elif is_followed:
            self._start_unstarted()  # the rest of its body may never arrive
        else:
            self._idle[self] = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_send_timer()

    def resume_writing(self) -> None:
        self._stop_send_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._start_send_timer()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app) -> None:
        """Process a request, or wait for its body, which usually arrives with the headers."""
        self._unstarted = cycle
        if not cycle.more_body:
            self._start_unstarted()

    def _start_unstarted(self) -> None:
        """Process the pending request, if there is one; a complete request needs no task."""
        if cycle := self._unstarted:
            self._unstarted = None
            must_wait = cycle.more_body or self.flow.write_paused
            if must_wait or not self.app.begin(CompleteRequest(cycle, self.tasks)):
                super()._start_asgi_task(cycle, self.app)

    def _is_only_chunked(self) -> bool:
        """Return whether the body is sent in chunks, without compression."""
        encodings = [value for name, value in self.headers if name == b"transfer-encoding"]
        return [value.strip().lower() for value in encodings] == [b"chunked"]

    def _is_responding(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self) -> None:
        """Respond that the input is invalid, unless an earlier request still needs its response."""
        from badges.api.envelope import (
            malformed_body,  # Django is set up after this module is loaded
        )

        self._is_broken = True
        if not self._is_responding() or self._is_first_without_response():
            answer = Answer.of(malformed_body(self._fault))
            lines = [b"%b: %b\r\n" % header for header in answer.headers]
            closing = [b"connection: close\r\n\r\n", answer.body]
            self.transport.write(b"".join([STATUS_LINE[self._fault], *lines, *closing]))
            # A client that is still sending when the connection closes may never read the response.
            self.transport.write_eof()
            self.flow.resume_reading()
            self._start_send_timer(DRAIN_TIMEOUT)
        elif self.cycle.more_body:
            self.transport.abort()
        else:
            self.cycle.keep_alive = False

    def _is_first_without_response(self) -> bool:
        """Return whether the invalid input is the body of the only request of this connection."""
        return self.cycle.more_body and not self.pipeline and not self.cycle.response_started

    def _close(self) -> None:
        self.transport.close()
        self._start_send_timer()

    def _start_headers_timer(self) -> None:
        self._headers_timer = self.loop.call_later(settings.HEADER_TIMEOUT, self._close)

    def _stop_headers_timer(self) -> None:
        if self._headers_timer:
            self._headers_timer.cancel()
            self._headers_timer = None

    def _start_send_timer(self, seconds: float | None = None) -> None:
        """Limit the time for the client to read the rest of the data."""
        if not self._send_timer:
            seconds = settings.SEND_TIMEOUT if seconds is None else seconds
            self._send_timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop_send_timer(self) -> None:
        if self._send_timer:
            self._send_timer.cancel()
            self._send_timer = None
