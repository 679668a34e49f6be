"""Rate limits for each integrator, and for each address without valid credentials."""

from django.conf import settings
from rest_framework.throttling import BaseThrottle

from badges.client_address import client_network
from badges.rate_limits import RateLimiter, share_of_worker

COUNTED = "badges.rate_limited"  # key in the WSGI environment of a call that was already counted

_calls = share_of_worker(settings.API_CALLS_PER_SECOND)
calls = RateLimiter(_calls, burst=_calls)
_unauthenticated = share_of_worker(settings.UNAUTHENTICATED_CALLS_PER_MINUTE)
unauthenticated = RateLimiter(_unauthenticated / 60, burst=_unauthenticated)


def wait_unauthenticated(request) -> float:
    """Count an unauthenticated call; return the seconds to wait, or 0."""
    return unauthenticated.wait(client_network(request.META))


class IntegratorThrottle(BaseThrottle):
    """Refuses calls of an integrator above its rate limit, with 429 and `Retry-After`."""

    def allow_request(self, request, view):
        self.seconds = 0.0 if COUNTED in request.META else calls.wait(request.user.pk)
        return not self.seconds

    def wait(self):
        return self.seconds
