"""Batches: requests that arrive while a batch is running form the next one."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from badgeadmin.server.responses import Answer
from badgeadmin.server.slots import WAITING, NoSlotError, Slot, Slots

Callback = Callable[[Answer | None, NoSlotError | None], None]

log = logging.getLogger(__name__)


class Batches:
    """Calls a function with many requests in one slot, in at most `max_running` batches at a time.

    A request never waits for others to join it: while fewer batches are running, it starts one. The
    event loop calls all methods. The thread of the slot calls `answers`, with the environments of
    at most `max_size` requests. `answers` returns a response for each of them, or None for a
    request that needs other processing. At most `max_waiting` requests wait for the next batch, for
    at most `timeout` seconds.
    """

    def __init__(
        self,
        answers: Callable[[Sequence[dict]], Sequence[Answer | None]],
        slots: Slots,
        *,
        max_size: int,
        max_running: int,
        max_waiting: int,
        timeout: float,
    ):
        self._answers, self._slots, self._max_size = answers, slots, max_size
        self._max_waiting, self._timeout = max_waiting, timeout
        self._waiting: list[tuple[float, dict, Callback]] = []
        self._running, self._max_running = 0, max_running

    def submit(self, environ: dict, callback: Callback) -> None:
        """Call `callback` with the response or None once the batch of a request has run.

        It is called with a NoSlotError if the request would have to wait too long.
        """
        if len(self._waiting) >= self._max_waiting:
            callback(None, NoSlotError())
            return
        self._waiting.append((time.monotonic(), environ, callback))
        WAITING.inc()
        if self._running < self._max_running:
            self._run_next()

    def _run_next(self) -> None:
        """Start a batch of the requests that have waited longest, if any are waiting."""
        batch, self._waiting = self._waiting[: self._max_size], self._waiting[self._max_size :]
        if batch:
            self._running += 1
            WAITING.dec(len(batch))
            self._slots.request(partial(self._start, batch))

    def _start(self, batch: list[tuple[float, dict, Callback]], slot: Slot | None) -> None:
        oldest = time.monotonic() - self._timeout
        late = [callback for since, _environ, callback in batch if slot is None or since < oldest]
        calls = [
            (environ, callback) for since, environ, callback in batch if slot and since >= oldest
        ]
        if slot and calls:
            environs = [environ for environ, _callback in calls]
            callbacks = [callback for _environ, callback in calls]
            slot.start(self._answers, environs, callback=partial(self._finish, slot, callbacks))
        else:
            if slot:
                self._slots.release(slot)
            self._end_one()
        for callback in late:
            callback(None, NoSlotError())

    def _end_one(self) -> None:
        self._running -= 1
        self._run_next()

    def _finish(self, slot: Slot, callbacks: list[Callback], answers, failure) -> None:
        self._slots.release(slot)
        self._end_one()  # the next batch runs while these responses are sent
        if failure is not None:
            log.error("A batch of requests failed", exc_info=failure)
            answers = [None] * len(callbacks)
        for callback, answer in zip(callbacks, answers, strict=True):
            callback(answer, None)
