"""The responses of a WSGI application, and their transfer from a thread to the client."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from django.http import FileResponse, HttpResponse
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE

from badgeadmin.server.bodies import ClientDisconnectedError

Application = Callable[[dict, Callable], Iterable[bytes]]
Headers = list[tuple[bytes, bytes]]
DRAIN_TIMEOUT = 2.0
WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response."""

    status: int
    headers: Headers
    body: bytes

    @classmethod
    def of(cls, response: HttpResponse) -> "Answer":
        return cls.complete(response.status_code, encoded(response.items()), response.content)

    @classmethod
    def complete(cls, status: int, headers: Headers, body: bytes) -> "Answer":
        """Return a response with its Content-Length, if it may have one."""
        if b"content-length" not in dict(headers) and status not in WITHOUT_BODY:
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        return cls(status, headers, body)


class Exchange:
    """The connection of one request to the client, for the thread that processes it."""

    def __init__(self, receive, send, *, on_start: Callable[[int], None]):
        self.receive, self._send, self._on_start = receive, send, on_start
        self._loop = asyncio.get_running_loop()
        self._watcher: asyncio.Task | None = None
        self.has_started = self.has_unread_body = self._is_over = False

    def stream(self, status: int, headers: Headers, chunks: Iterable[bytes]) -> None:
        """Send a response while it is generated, at the speed of the client.

        Raises ClientDisconnectedError if the client has disconnected. An exception of `chunks`
        closes the connection before the end of the body, so that the client detects the incomplete
        response.
        """
        self._await(self._start(status, headers))
        self._loop.call_soon_threadsafe(self._begin_to_watch)
        for chunk in chunks:
            if self._is_over:
                raise ClientDisconnectedError
            if chunk:
                self._await(self._send_chunk(chunk))
        self._await(self._send({"type": "http.response.body", "body": b""}))

    async def send(self, answer: Answer) -> None:
        """Send a complete response."""
        if self.has_unread_body:
            await self._send_and_drain(answer)
            return
        await self._start(answer.status, answer.headers)
        await self._send({"type": "http.response.body", "body": answer.body})

    async def _send_and_drain(self, answer: Answer) -> None:
        """Send a response, and close the connection once the client had time to read it.

        A client that is still sending when the connection closes may never read the response. Its
        input is discarded until then.
        """
        await self._start(answer.status, [*answer.headers, (b"connection", b"close")])
        await self._send({"type": "http.response.body", "body": answer.body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT):
                while (await self.receive()).get("more_body"):
                    pass
        await self._send({"type": "http.response.body", "body": b""})

    def end(self) -> None:
        """Stop a running stream at its next chunk."""
        self._is_over = True
        if self._watcher:
            self._watcher.cancel()

    def _await(self, coroutine) -> None:
        try:
            sending = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:  # the event loop has ended
            coroutine.close()
            raise ClientDisconnectedError from None
        sending.result()

    async def _start(self, status: int, headers: Headers) -> None:
        self.has_started = True
        self._on_start(status)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    def _begin_to_watch(self) -> None:
        self._watcher = self._loop.create_task(self._watch())

    async def _send_chunk(self, chunk: bytes) -> None:
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        if self._is_over:
            raise ClientDisconnectedError

    async def _watch(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self._is_over = True


def answer_of(application: Application, environ: dict, exchange: Exchange) -> Answer | None:
    """Call an application; return its response, or None if the response was streamed."""
    started = []
    content = application(environ, lambda *start: started.append(start[:2]))
    try:
        line, header_list = started[0]
        status, headers = int(line[:3]), encoded(header_list)
        if not _is_stream(content):
            return Answer.complete(status, headers, b"".join(content))
        exchange.stream(status, headers, content)
        return None
    finally:
        getattr(content, "close", _nothing)()


def encoded(headers: Iterable[tuple[str, str]]) -> Headers:
    return [_encoded(name, value) for name, value in headers]


@lru_cache(maxsize=256)  # most headers are the same in every response
def _encoded(name: str, value: str) -> tuple[bytes, bytes]:
    header = name.lower().encode("latin-1"), value.encode("latin-1")
    if HEADER_RE.search(header[0]) or HEADER_VALUE_RE.search(header[1]):
        raise ValueError(f"The header {name} must not be sent as it is.")
    return header


def _is_stream(content: Iterable[bytes]) -> bool:
    """Return whether a response is sent while it is generated; files are read into memory."""
    return getattr(content, "streaming", False) and not isinstance(content, FileResponse)


def _nothing() -> None:
    return None
