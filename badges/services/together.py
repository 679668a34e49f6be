"""Group commit: what arrives while one commit is under way goes together in the next one."""

from collections.abc import Callable, Hashable, Sequence
from threading import Lock


class _Call:
    """One caller's item, and the lock that it waits for until it is done or has to lead."""

    __slots__ = ("error", "item", "leads", "result", "turn")

    def __init__(self, item):
        self.item, self.result, self.error, self.leads = item, None, None, False
        self.turn = Lock()
        self.turn.acquire()


class Together:
    """Calls `act` with the items of all who wait; each caller gets the result of its own.

    Nobody waits for company: a caller that finds nobody at work goes at once, alone. Of several
    that wait, the first does the work of all, up to `most`, in its own thread; two that share one
    of their `keys` never go together. `act` takes a list and returns a list of results in its
    order. When it fails for several, each is tried again alone, so that one cannot spoil another.
    """

    def __init__(
        self, act: Callable[[Sequence], Sequence], *, most: int, keys: Callable[..., set[Hashable]]
    ):
        self._act, self._most, self._keys = act, most, keys
        self._lock, self._busy, self._waiting = Lock(), False, []

    def __call__(self, item):
        call = _Call(item)
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

    def _lead(self, first: _Call) -> None:
        group = self._group(first)
        try:
            self._run(group)
        finally:
            with self._lock:
                heir = self._waiting.pop(0) if self._waiting else None
                self._busy = heir is not None
            if heir:
                heir.leads = True
                heir.turn.release()
            for call in group[1:]:
                call.turn.release()

    def _group(self, first: _Call) -> list[_Call]:
        """Take those who wait, the longest first, and leave the others where they were."""
        group, left, seen = [first], [], self._keys(first.item)
        with self._lock:
            for call in self._waiting:
                keys = self._keys(call.item)
                if len(group) < self._most and seen.isdisjoint(keys):
                    seen |= keys
                    group.append(call)
                else:
                    left.append(call)
            self._waiting = left
        return group

    def _run(self, group: list[_Call]) -> None:
        try:
            results = self._act([call.item for call in group])
        except Exception as error:
            if len(group) == 1:
                group[0].error = error
                return
            for call in group:
                self._run([call])
            return
        for call, result in zip(group, results, strict=True):
            call.result = result
