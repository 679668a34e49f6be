"""How fast anybody may call: each integrator, and each address that has not proved who it is.

Kept in the memory of a process, which costs nothing and needs no other service: each worker of the
server grants its share.
"""

import os
import time
from collections import OrderedDict
from threading import Lock

from django.conf import settings
from rest_framework.throttling import BaseThrottle

MOST_KEPT = 10_000
WORKERS = "BADGEADMIN_WORKERS"  # set by the command serve
GRANTED = "badges.granted"  # in the environment of a call that was counted already


class Pace:
    """At most `rate` a second for each key, of which `burst` may come at once.

    A rate of 0 is no limit. Those who are longest silent are forgotten first.
    """

    def __init__(self, rate: float, burst: float):
        self._apart = 1 / rate if rate else 0.0  # seconds
        self._slack = (max(burst, 1) - 1) * self._apart
        self._lock = Lock()
        self.forget()

    def wait(self, key, *, now: float | None = None) -> float:
        """Let one more come and return 0, or the seconds after which it may come again."""
        if not self._apart:
            return 0.0
        now = time.monotonic() if now is None else now
        with self._lock:
            due = max(self._due.get(key, now), now)
            if due - now > self._slack:
                return due - now - self._slack
            self._due[key] = due + self._apart
            self._due.move_to_end(key)
            if len(self._due) > MOST_KEPT:
                self._due.popitem(last=False)
        return 0.0

    def forget(self) -> None:
        """Begin anew."""
        self._due: OrderedDict[object, float] = OrderedDict()  # when the next one may come


def _share(rate: float) -> float:
    return rate / int(os.environ.get(WORKERS, 1))


_calls = _share(settings.API_CALLS_PER_SECOND)
calls = Pace(_calls, burst=_calls)
_unproved = _share(settings.UNPROVED_CALLS_PER_MINUTE)
unproved = Pace(_unproved / 60, burst=_unproved)


class IntegratorThrottle(BaseThrottle):
    """Refuses with 429 and `Retry-After` what an integrator calls beyond its pace."""

    def allow_request(self, request, view):
        self.seconds = 0.0 if GRANTED in request.META else calls.wait(request.user.pk)
        return not self.seconds

    def wait(self):
        return self.seconds
