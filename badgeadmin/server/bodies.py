"""Request bodies, read on the event loop, where a slow client occupies no thread."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable


class BodyTooLargeError(Exception):
    """The body exceeds the limit of this client; the rest of it was not read."""


class BodyTimeoutError(Exception):
    """The body did not arrive in time."""


class ClientDisconnectedError(Exception):
    """The client has closed the connection, so it cannot receive a response."""


class TooManyBodiesError(Exception):
    """The body was dropped because too many bodies are arriving, or too many bytes are buffered."""


class Pending:
    """A body that is arriving: the address of the client, the size so far, and the deadline."""

    def __init__(self, address: str):
        self.address, self.size, self.is_given_up = address, 0, False
        self.deadline: asyncio.Timeout | None = None


class BodyReader:
    """Reads bodies within limits of time, number, and memory.

    Each body has one deadline, `timeout` seconds after its headers. If more than `max_pending`
    bodies are arriving, or more than `max_per_address` from one address, the oldest one is dropped:
    most bodies take milliseconds, so the oldest one has probably stalled. Bodies are buffered until
    their requests have a response; if they have more than `max_buffered` bytes in total, the
    largest one that is arriving is dropped.
    """

    def __init__(
        self, *, timeout: float, max_pending: int, max_per_address: int, max_buffered: int
    ):
        self._timeout, self._max_pending = timeout, max_pending
        self._max_per_address, self._max_buffered = max_per_address, max_buffered
        self._pending: dict[Pending, None] = {}
        self._by_address: dict[str, dict[Pending, None]] = defaultdict(dict)
        self._buffered = 0

    async def read(
        self, receive: Callable[[], Awaitable[dict]], *, address: str, limit: int
    ) -> bytes:
        """Return a complete body, which counts as buffered until it is released.

        Raises BodyTooLargeError, BodyTimeoutError, TooManyBodiesError, or ClientDisconnectedError.
        """
        pending, chunks, more = Pending(address), [], True
        try:
            async with asyncio.timeout(self._timeout) as pending.deadline:
                self._admit(pending)
                while more:
                    chunk, more = await _receive_chunk(receive)
                    if pending.size + len(chunk) > limit:
                        raise BodyTooLargeError
                    chunks.append(chunk)
                    self._count(pending, len(chunk))
        except BaseException as error:
            self._buffered -= pending.size
            if isinstance(error, TimeoutError):
                raise (TooManyBodiesError if pending.is_given_up else BodyTimeoutError) from None
            raise
        finally:
            self._forget(pending)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def release(self, body: bytes) -> None:
        """Subtract a body from the number of buffered bytes."""
        self._buffered -= len(body)

    def _admit(self, pending: Pending) -> None:
        of_address = self._by_address[pending.address]
        if len(of_address) >= self._max_per_address:
            self._give_up(next(iter(of_address)))
        if len(self._pending) >= self._max_pending:
            self._give_up(next(iter(self._pending)))
        self._pending[pending] = self._by_address[pending.address][pending] = None

    def _count(self, pending: Pending, size: int) -> None:
        pending.size += size
        self._buffered += size
        if self._buffered > self._max_buffered:
            largest = max(self._pending, key=lambda body: body.size, default=pending)
            if largest is pending:
                raise TooManyBodiesError
            self._give_up(largest)

    def _give_up(self, pending: Pending) -> None:
        self._forget(pending)
        pending.is_given_up = True
        if pending.deadline is not None:
            pending.deadline.reschedule(asyncio.get_running_loop().time())

    def _forget(self, pending: Pending) -> None:
        if pending not in self._pending:  # it was dropped before
            return
        del self._pending[pending]
        of_address = self._by_address[pending.address]
        del of_address[pending]
        if not of_address:
            del self._by_address[pending.address]


async def _receive_chunk(receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnectedError
    return message["body"], message["more_body"]
