"""Group commit: items that arrive during one commit are written together in the next one."""

from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from badges import outages

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class _Call(Generic[ItemT, ResultT]):
    """The item of one caller, and its lock, released when the item is done or has to lead."""

    __slots__ = ("error", "item", "leads", "result", "turn")

    item: ItemT
    result: ResultT | None
    error: Exception | None
    leads: bool

    def __init__(self, item: ItemT) -> None:
        self.item, self.result, self.error, self.leads = item, None, None, False
        self.turn = Lock()
        self.turn.acquire()


class GroupCommit(Generic[ItemT, ResultT]):
    """Calls `execute` with the items of all waiting callers; each gets the result of its item.

    No call is delayed to fill a group: if no other call is running, a caller starts immediately,
    alone. Otherwise callers wait, and the first of them processes the items of all in its own
    thread, up to `max_size`. Two items that share one of their `keys` are never in the same group.
    `execute` takes a list and returns a list of results in the same order. If it fails for several
    items, each is retried alone, so that one item cannot make the others fail.
    """

    def __init__(
        self,
        execute: Callable[[Sequence[ItemT]], Sequence[ResultT | None]],
        *,
        max_size: int,
        keys: Callable[[ItemT], set[Hashable]],
    ) -> None:
        self._execute, self._max_size, self._keys = execute, max_size, keys
        self._lock, self._busy = Lock(), False
        self._waiting: list[_Call[ItemT, ResultT]] = []

    def __call__(self, item: ItemT) -> ResultT | None:
        call: _Call[ItemT, ResultT] = _Call(item)
        with self._lock:
            call.leads = not self._busy
            self._busy = True
            if not call.leads:
                self._waiting.append(call)
        if not call.leads:
            call.turn.acquire()
        if call.leads:
            self._lead(call)
        if call.error is not None:
            raise call.error
        return call.result

    def _lead(self, first: _Call[ItemT, ResultT]) -> None:
        group = self._group(first)
        try:
            self._run(group)
        finally:
            with self._lock:
                successor = self._waiting.pop(0) if self._waiting else None
                self._busy = successor is not None
            if successor:
                successor.leads = True
                successor.turn.release()
            for call in group[1:]:
                call.turn.release()

    def _group(self, first: _Call[ItemT, ResultT]) -> list[_Call[ItemT, ResultT]]:
        """Take waiting calls, the oldest first, and leave the others in the queue."""
        with self._lock:
            group, self._waiting = _split(
                [first, *self._waiting], self._max_size, lambda call: self._keys(call.item)
            )
        return group

    def _run(self, group: list[_Call[ItemT, ResultT]]) -> None:
        results = _execute_or_retry(self._execute, [call.item for call in group])
        for call, result in zip(group, results, strict=True):
            if isinstance(result, Exception):
                call.error = result
            else:
                call.result = result


def run_in_batches(
    execute: Callable[[Sequence[ItemT]], Sequence[ResultT]],
    items: Sequence[ItemT],
    *,
    max_size: int,
    keys: Callable[[ItemT], set[Hashable]],
) -> list[ResultT | Exception]:
    """Return for each item the result of `execute`, or the exception raised for it alone.

    A batch has at most `max_size` items, and no two items of a batch share a key.
    """
    results: dict[int, ResultT | Exception] = {}
    left = list(enumerate(items))
    while left:
        batch, left = _split(left, max_size, lambda numbered: keys(numbered[1]))
        found = _execute_or_retry(execute, [item for _index, item in batch])
        results.update(zip((index for index, _item in batch), found, strict=True))
    return [results[index] for index in range(len(items))]


def _split(
    items: list[ItemT], max_size: int, keys: Callable[[ItemT], set[Hashable]]
) -> tuple[list[ItemT], list[ItemT]]:
    """Return the first items that share no key, up to `max_size`, and all other items."""
    group: list[ItemT] = []
    left: list[ItemT] = []
    seen: set[Hashable] = set()
    for item in items:
        keys_of_item = keys(item)
        if len(group) < max_size and seen.isdisjoint(keys_of_item):
            seen |= keys_of_item
            group.append(item)
        else:
            left.append(item)
    return group, left


def _execute_or_retry(
    execute: Callable[[Sequence[ItemT]], Sequence[ResultT]], items: list[ItemT]
) -> list[ResultT | Exception]:
    """Return the results; if `execute` fails for several items, retry each alone.

    There is no retry after an outage: the database is unavailable, and each retry may last until a
    timeout.
    """
    try:
        return list(execute(items))
    except Exception as error:
        if len(items) == 1 or outages.is_temporary(error):
            return [error] * len(items)
        return [_execute_or_retry(execute, [item])[0] for item in items]
