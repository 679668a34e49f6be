"""The way into a worker: a body comes in whole, then its request takes one of a few places.

A place is what a request is worked at with, its connection to the database. Who sends slowly holds
a thread alone, of which there are many. Who finds every place taken waits in a line of bounded
length; when the line is full, or was too long to wait in, the answer is 503 at once.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from io import BytesIO
from queue import Empty, SimpleQueue
from threading import Lock

from django.db import DEFAULT_DB_ALIAS, connections
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from prometheus_client import Counter, Gauge

# The body of a call in one piece, nearly always. Every piece is waited for without an end, and
# between two of them is the time to ask how long it took so far.
FIRST_PIECE = 512
TURNED_AWAY = Counter(
    "badgeadmin_turned_away", "Requests that were answered without being looked at.", ["cause"]
)
WAITING = Gauge(
    "badgeadmin_requests_waiting", "Requests that wait for a place.", multiprocess_mode="livesum"
)

Application = Callable[[dict, Callable], Iterable[bytes]]


class NoPlaceError(Exception):
    """There is no place, and nobody can wait for one any more."""


class IncompleteBodyError(Exception):
    """A body ended before its length, or did not end in time."""


class Places:
    """So many connections to the database, each for one request at a time.

    The one that was left last is taken first: it knows its statements, and who needs only one never
    opens another; those that are not open are taken last. `most_waiting` requests wait in a line,
    no longer than `patience` seconds each.
    """

    def __init__(self, places: int, *, most_waiting: int, patience: float):
        self._free = deque((self._made(), 0.0) for _place in range(places))
        self._lock, self._line = Lock(), deque()
        self._most_waiting, self._patience = most_waiting, patience

    def take(self):
        """Return a connection that is nobody else's until it is left. Raises NoPlaceError."""
        with self._lock:
            if self._free:
                place, _left = self._free.pop()
                return place
            if len(self._line) >= self._most_waiting:
                raise NoPlaceError
            turn = SimpleQueue()
            self._line.append(turn)
        with WAITING.track_inprogress():
            return self._wait(turn)

    def leave(self, place) -> None:
        """Give a connection to who waited longest, or keep it for who comes next."""
        with self._lock:
            if self._line:
                self._line.popleft().put(place)
            elif place.connection is None:
                self._free.appendleft((place, time.monotonic()))
            else:
                self._free.append((place, time.monotonic()))

    def close_idle(self, seconds: float) -> None:
        """Close what nobody has needed for so long: other workers may have to do without it."""
        before = time.monotonic() - seconds
        while place := self._take_idle(before):
            place.close()
            self.leave(place)

    def _take_idle(self, before: float):
        """Return an open connection that was left before a moment of the clock, or None."""
        with self._lock:
            for place, left in self._free:
                if place.connection is not None and left < before:
                    self._free.remove((place, left))
                    return place
        return None

    def _wait(self, turn: SimpleQueue):
        try:
            return turn.get(timeout=self._patience)
        except Empty:
            with self._lock:
                if turn in self._line:
                    self._line.remove(turn)
                    raise NoPlaceError from None
            return turn.get()  # it was handed over at this very moment

    def _made(self):
        connection = connections.create_connection(DEFAULT_DB_ALIAS)
        connection.inc_thread_sharing()
        return connection


class Entrance:
    """A WSGI application that lets requests into the one behind it, complete and a few at a time.

    Of a body longer than `most_bytes` that one sees a byte more than this, enough to refuse it; a
    body sent in chunks it sees with its length. `turned_away` makes the answer for those who are
    not let in, by their path and the status, 408 or 503; `free` are the paths that need no place.
    """

    def __init__(
        self,
        application: Application,
        *,
        places: Places,
        turned_away: Callable[[str, int], HttpResponse],
        most_bytes: int,
        seconds_to_send: float,
        free: frozenset[str] = frozenset(),
    ):
        self._application, self._places, self._turned_away = application, places, turned_away
        self._most_bytes, self._seconds_to_send, self._free = most_bytes, seconds_to_send, free

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        try:
            self._read_body(environ)
            if environ["PATH_INFO"] in self._free:
                return self._application(environ, start_response)
            place = self._places.take()
        except IncompleteBodyError:
            return self._turn_away(environ, start_response, HTTPStatus.REQUEST_TIMEOUT)
        except NoPlaceError:
            return self._turn_away(environ, start_response, HTTPStatus.SERVICE_UNAVAILABLE)
        return self._work_at(place, environ, start_response)

    def _work_at(self, place, environ: dict, start_response: Callable) -> Iterable[bytes]:
        """Answer at a place, and leave it when the answer is complete."""
        connections[DEFAULT_DB_ALIAS] = place
        answer = None
        try:
            answer = self._application(environ, start_response)
            return _Stream(answer, self, place) if _is_stream(answer) else _complete(answer)
        finally:
            if not _is_stream(answer):
                self.leave(place)

    def leave(self, place) -> None:
        """Give up the place that this thread has been working at."""
        del connections[DEFAULT_DB_ALIAS]
        self._places.leave(place)

    def _read_body(self, environ: dict) -> None:
        """Put the whole body, or as much as is enough to refuse it, in the place of its source."""
        length = environ.get("CONTENT_LENGTH")
        if not length and "HTTP_TRANSFER_ENCODING" not in environ:
            return
        expected = int(length) if length else None
        most = self._most_bytes + 1
        body = self._read(environ["wsgi.input"], most if expected is None else min(expected, most))
        if expected is None:
            environ["CONTENT_LENGTH"] = str(len(body))
        elif len(body) < min(expected, most):
            raise IncompleteBodyError
        environ["wsgi.input"] = BytesIO(body)

    def _read(self, source, size: int) -> bytes:
        """Read so many bytes, or fewer if there are no more, in pieces that grow."""
        end = time.monotonic() + self._seconds_to_send
        pieces = [source.read(min(size, FIRST_PIECE))]
        left = size - len(pieces[0])
        while left and pieces[-1]:
            if time.monotonic() > end:
                raise IncompleteBodyError
            pieces.append(source.read(min(left, 2 * len(pieces[-1]))))
            left -= len(pieces[-1])
        return b"".join(pieces)

    def _turn_away(self, environ, start_response, status: HTTPStatus) -> list[bytes]:
        TURNED_AWAY.labels(str(status.value)).inc()
        answer = self._turned_away(environ["PATH_INFO"], status)
        start_response(f"{status.value} {status.phrase}", list(answer.items()))
        return [answer.content]


def _complete(answer: Iterable[bytes]) -> list[bytes]:
    """Return an answer in one piece, with nothing left to be closed."""
    if isinstance(answer, list):
        return answer
    try:
        return [b"".join(answer)]
    finally:
        answer.close()


class _Stream:
    """An answer that is made while it is sent, and keeps its place until it is closed."""

    def __init__(self, answer: StreamingHttpResponse, entrance: Entrance, place):
        self._answer, self._entrance, self._place = answer, entrance, place

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        try:
            self._answer.close()
        finally:
            self._entrance.leave(self._place)


def _is_stream(answer) -> bool:
    """Whether an answer is made while it is sent; a file is there, and soon read."""
    return getattr(answer, "streaming", False) and not isinstance(answer, FileResponse)
