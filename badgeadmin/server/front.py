"""The ASGI application in front of Django, which forwards complete requests to a few threads."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from time import perf_counter
from typing import Any

from django.http import HttpResponse
from prometheus_client import Counter

from badgeadmin import telemetry
from badgeadmin.server.batches import Batches
from badgeadmin.server.bodies import (
    BodyReader,
    BodyTimeoutError,
    BodyTooLargeError,
    ClientDisconnectedError,
    TooManyBodiesError,
)
from badgeadmin.server.complete import CompleteRequest
from badgeadmin.server.environ import environ_of
from badgeadmin.server.responses import Answer, Application, Exchange, answer_of
from badgeadmin.server.slots import NoSlotError, Slot, Slots
from badges import request_details
from badges.errors import ErrorCode

REJECTED = Counter(
    "badgeadmin_rejected_requests", "Requests rejected without being processed.", ["status"]
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A complete request in progress; `record` receives the status of its response."""

    request: CompleteRequest
    environ: dict
    exchange: Exchange
    record: Callable[[int], None]


class Front:
    """Reads a request completely, and calls the WSGI application in a slot.

    Nearly every request arrives in one piece, with a small body. `begin` processes it without a
    task, and without counting its body: the number of slots and of waiting requests limits these
    bodies.

    Every client may send bodies of up to `small_body` bytes; for larger ones, `body_limit` returns
    the maximum for the client of an environment. A request with a larger body is forwarded without
    it if `refuses_large_bodies` is true for its path. `rejection` returns the response to a request
    that is not forwarded, for its path and a code. `without_slot` are the paths that need no
    database connection. A complete request whose environment `may_batch` accepts is submitted to
    `batches` first, and to the application if the batch returns no response for it.
    """

    def __init__(
        self,
        application: Application,
        *,
        slots: Slots,
        bodies: BodyReader,
        rejection: Callable[[str, ErrorCode], HttpResponse],
        body_limit: Callable[[dict], int],
        small_body: int,
        refuses_large_bodies: Callable[[str], bool],
        client_address: Callable[[dict], str],
        without_slot: frozenset[str] = frozenset(),
        batches: Batches | None = None,
        may_batch: Callable[[dict], bool] = lambda environ: False,
    ):
        self._application, self._slots, self._bodies = application, slots, bodies
        self._rejection, self._body_limit, self._small_body = rejection, body_limit, small_body
        self._refuses_large_bodies, self._client_address = refuses_large_bodies, client_address
        self._without_slot, self._extra_slot = without_slot, Slot()
        self._batches, self._may_batch = batches, may_batch

    def begin(self, request: CompleteRequest) -> bool:
        """Process a request that is complete and small, as soon as a slot is available.

        Returns whether the request is processed; if not, the caller must use `__call__`.
        """
        if len(request.body) > self._small_body:
            return False
        environ, record = self._prepare(request.scope)
        environ["wsgi.input"] = BytesIO(request.body)
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ["CONTENT_LENGTH"] = str(len(request.body))
        exchange = Exchange(request.receive, request.send, on_start=record)
        telemetry.IN_PROGRESS.inc()
        request.begin()
        call = Call(request, environ, exchange, record)
        if environ["PATH_INFO"] in self._without_slot:
            self._start(call, self._extra_slot)
        elif self._batches and self._may_batch(environ):
            self._batches.submit(environ, partial(self._end_batch, call))
        else:
            self._slots.request(partial(self._start, call))
        return True

    def _end_batch(self, call: Call, answer: Answer | None, failure: NoSlotError | None) -> None:
        if failure:
            self._start(call, None)
        elif answer is None:
            self._slots.request(partial(self._start, call))
        else:
            call.exchange.end()
            self._respond(call, answer)

    def _start(self, call: Call, slot: Slot | None) -> None:
        if slot is None:
            self._respond(call, self._refusal(call.environ, ErrorCode.UNAVAILABLE))
        else:
            callback = partial(self._finish, call, slot)
            slot.start(answer_of, self._application, call.environ, call.exchange, callback=callback)

    def _finish(self, call: Call, slot: Slot, answer: Answer | None, failure) -> None:
        if slot is not self._extra_slot:
            self._slots.release(slot)
        call.exchange.end()
        if failure is not None:
            answer = self._answer_to_failure(call.environ, call.exchange, failure)
        self._respond(call, answer)

    @staticmethod
    def _respond(call: Call, answer: Answer | None) -> None:
        telemetry.IN_PROGRESS.dec()
        if answer is None:
            call.request.end()
        else:
            call.record(answer.status)
            call.request.respond(answer)

    async def __call__(self, scope: dict, receive, send) -> None:
        environ, record = self._prepare(scope)
        exchange = Exchange(receive, send, on_start=record)
        with telemetry.IN_PROGRESS.track_inprogress():
            try:
                answer = await self._answer(environ, exchange)
                if answer is not None:
                    await exchange.send(answer)
            except ClientDisconnectedError:
                return
            finally:
                exchange.end()

    @staticmethod
    def _prepare(scope: Mapping[str, Any]) -> tuple[dict, Callable[[int], None]]:
        """Return the environment of a request, and a function that records the response status."""
        started_at, environ = perf_counter(), environ_of(scope)
        request_details.begin(environ)

        def record(status: int) -> None:
            telemetry.record(environ, status, perf_counter() - started_at)

        return environ, record

    async def _answer(self, environ: dict, exchange: Exchange) -> Answer | None:
        """Return the response, or None if it was streamed."""
        body = b""
        try:
            body = await self._read(environ, exchange)
            environ["wsgi.input"] = BytesIO(body)
            return await self._run_in_slot(environ, exchange)
        except BodyTooLargeError:
            return self._refusal(environ, ErrorCode.BODY_TOO_LARGE)
        except BodyTimeoutError:
            exchange.has_unread_body = True
            return self._refusal(environ, ErrorCode.BODY_INCOMPLETE)
        except TooManyBodiesError:
            exchange.has_unread_body = True
            return self._refusal(environ, ErrorCode.UNAVAILABLE)
        except NoSlotError:
            return self._refusal(environ, ErrorCode.UNAVAILABLE)
        except ClientDisconnectedError:
            raise
        except Exception as error:
            if (refusal := self._answer_to_failure(environ, exchange, error)) is None:
                raise
            return refusal
        finally:
            self._bodies.release(body)

    async def _read(self, environ: dict, exchange: Exchange) -> bytes:
        """Return the body, or nothing if it is too large and the application itself refuses it."""
        length = environ.get("CONTENT_LENGTH")
        if length == "0" or (length is None and "HTTP_TRANSFER_ENCODING" not in environ):
            return b""
        size = None if length is None else int(length)
        is_small = size is not None and size <= self._small_body
        limit = self._small_body if is_small else self._body_limit(environ)
        try:
            if size is not None and size > limit:
                raise BodyTooLargeError
            address = self._client_address(environ)
            body = await self._bodies.read(exchange.receive, address=address, limit=limit)
        except BodyTooLargeError:
            exchange.has_unread_body = True
            if not self._refuses_large_bodies(environ["PATH_INFO"]):
                raise
            body, size = b"", size or limit + 1
        environ["CONTENT_LENGTH"] = str(len(body) if size is None else size)
        return body

    async def _run_in_slot(self, environ: dict, exchange: Exchange) -> Answer | None:
        if environ["PATH_INFO"] in self._without_slot:
            return await self._extra_slot.run(answer_of, self._application, environ, exchange)
        slot = await self._slots.acquire()
        try:
            return await slot.run(answer_of, self._application, environ, exchange)
        finally:
            self._slots.release(slot)

    def _answer_to_failure(self, environ: dict, exchange: Exchange, error) -> Answer | None:
        """Return the response to a failure, or None if the client already receives a response."""
        if isinstance(error, ClientDisconnectedError):
            return None
        log.error("The application failed", exc_info=error)
        if exchange.has_started:
            return None
        return self._refusal(environ, ErrorCode.UNEXPECTED)

    def _refusal(self, environ: dict, code: ErrorCode) -> Answer:
        REJECTED.labels(str(code.http_status.value)).inc()
        return Answer.of(self._rejection(environ["PATH_INFO"], code))
