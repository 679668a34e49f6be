"""Rate limits by key: calls of an integrator, failures of an address.

The counts are kept in the memory of a process, which is fast and needs no other service. Each
worker of the server allows its share of a rate.
"""

import os
import time
from collections import OrderedDict
from threading import Lock

from django.conf import settings

MAX_KEYS = 10_000
WORKERS = "BADGEADMIN_WORKERS"  # set by the command serve


class RateLimiter:
    """At most `rate` events a second for each key, with bursts of at most `burst` events.

    A rate of 0 means no limit. If there are too many keys, the least recently used one is dropped.
    """

    def __init__(self, rate: float, burst: float):
        self._interval = 1 / rate if rate else 0.0  # seconds
        self._burst_seconds = (max(burst, 1) - 1) * self._interval
        self._lock = Lock()
        self.forget()

    def wait(self, key, *, now: float | None = None) -> float:
        """Count an event and return 0, or return the seconds until the next one is allowed."""
        if not self._interval:
            return 0.0
        now = time.monotonic() if now is None else now
        with self._lock:
            next_allowed = max(self._next_allowed.get(key, now), now)
            if next_allowed - now > self._burst_seconds:
                return next_allowed - now - self._burst_seconds
            self._next_allowed[key] = next_allowed + self._interval
            self._next_allowed.move_to_end(key)
            if len(self._next_allowed) > MAX_KEYS:
                self._next_allowed.popitem(last=False)
        return 0.0

    def undo(self, key) -> None:
        """Undo the count of an event that was not a failure."""
        with self._lock:
            if key in self._next_allowed:
                self._next_allowed[key] -= self._interval

    def forget(self) -> None:
        """Reset all counts."""
        # When the next event of each key is allowed.
        self._next_allowed: OrderedDict[object, float] = OrderedDict()


def share_of_worker(rate: float) -> float:
    return rate / int(os.environ.get(WORKERS, 1))


# Half of the failures are allowed as a burst and the other half over a minute, so that no minute
# exceeds the setting.
_sign_ins = share_of_worker(settings.SIGN_IN_FAILURES_PER_MINUTE) / 2
sign_ins = RateLimiter(_sign_ins / 60, burst=_sign_ins)
