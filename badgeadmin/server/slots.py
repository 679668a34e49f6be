"""Slots: threads that process requests, each with its own database connection.

The event loop assigns the slots, so nothing here needs a lock. The slot that was released last is
reused first, and a new thread is started only if no slot is idle. This keeps the number of
connections small.

Django's connection pool (`OPTIONS["pool"]`, psycopg_pool 3.3) was measured instead of slots that
keep their connections. It takes 1.28, 1.24 and 1.10 times the CPU for each earn, with 1, 8 and 32
connections, because every checkout sets up a connection of Django again; 3 % was the limit. While
the database is down, every request waits for the whole timeout of the pool in a thread, and the
pool reconnects at growing intervals (tests/bench/README.md).
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any

from django.db import connections
from prometheus_client import Gauge

WAITING = Gauge(
    "badgeadmin_requests_waiting", "Requests that wait for a slot.", multiprocess_mode="livesum"
)


class NoSlotError(Exception):
    """All slots are busy, and the request cannot wait for one any longer."""


class Slot:
    """A thread that runs one function at a time."""

    def __init__(self):
        self._jobs: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self.released_at = time.monotonic()
        self.may_be_connected = False
        Thread(target=self._work, daemon=True).start()

    async def run(self, function: Callable, *arguments):
        """Run a function in the thread, and return its result."""
        future = asyncio.get_running_loop().create_future()
        self.start(function, *arguments, callback=partial(_settle, future))
        return await future

    def start(self, function: Callable, *arguments, callback: Callable) -> None:
        """Run a function in the thread, and then call `callback` on the event loop.

        `callback` receives the result of the function or None, and the exception that it raised or
        None.
        """
        self._jobs.put((function, arguments, asyncio.get_running_loop(), callback))

    def close_connections(self) -> None:
        """Close the connections of the thread once it is idle."""
        self.may_be_connected = False
        self._jobs.put((connections.close_all, (), None, None))

    def _work(self) -> None:
        while True:
            self._do(*self._jobs.get())

    @staticmethod
    def _do(function, arguments, loop, callback) -> None:
        outcome = failure = None
        try:
            outcome = function(*arguments)
        except BaseException as error:
            failure = error
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(callback, outcome, failure)


class Slots:
    """At most `count` slots, each for one request at a time.

    At most `max_waiting` requests wait for a slot, for at most `timeout` seconds each.
    """

    def __init__(self, count: int, *, max_waiting: int, timeout: float):
        self._count, self._max_waiting, self._timeout = count, max_waiting, timeout
        self._started = 0
        self._idle: list[Slot] = []
        self._waiting: dict[Callable[[Slot | None], None], asyncio.TimerHandle] = {}

    def request(self, callback: Callable[[Slot | None], None]) -> None:
        """Call `callback` with a slot for exclusive use until it is released, or with None.

        It is called immediately if a slot is available or the queue is full; otherwise once a slot
        is released, or at the timeout.
        """
        if self._idle:
            callback(self._idle.pop())
        elif self._started < self._count:
            self._started += 1
            callback(Slot())
        elif len(self._waiting) >= self._max_waiting:
            callback(None)
        else:
            loop = asyncio.get_running_loop()
            self._waiting[callback] = loop.call_later(self._timeout, self._refuse, callback)
            WAITING.inc()

    async def acquire(self) -> Slot:
        """Return a slot for exclusive use until it is released. Raises NoSlotError."""
        future = asyncio.get_running_loop().create_future()
        self.request(future.set_result)
        try:
            slot = await future
        except asyncio.CancelledError:
            self._leave(future)
            raise
        if slot is None:
            raise NoSlotError
        return slot

    def release(self, slot: Slot) -> None:
        """Pass the slot to the request that has waited longest, or keep it as idle."""
        slot.may_be_connected = True
        if self._waiting:
            callback = next(iter(self._waiting))
            self._forget(callback)
            callback(slot)
        else:
            slot.released_at = time.monotonic()
            self._idle.append(slot)

    def close_idle(self, seconds: float) -> None:
        """Close the connections of slots idle for `seconds`; other processes may need them."""
        before = time.monotonic() - seconds
        for slot in self._idle:
            if slot.may_be_connected and slot.released_at < before:
                slot.close_connections()

    def _refuse(self, callback: Callable[[Slot | None], None]) -> None:
        self._forget(callback)
        callback(None)

    def _leave(self, future: asyncio.Future) -> None:
        """Cancel the wait of a task for a slot, or release the slot just assigned to it."""
        if future.cancelled():
            self._forget(future.set_result)
        elif slot := future.result():
            self.release(slot)

    def _forget(self, callback: Callable[[Slot | None], None]) -> None:
        self._waiting.pop(callback).cancel()
        WAITING.dec()


def _settle(future: asyncio.Future, outcome, failure: BaseException | None) -> None:
    if future.done():  # the waiting task was cancelled
        return
    if failure is None:
        future.set_result(outcome)
    else:
        future.set_exception(failure)
