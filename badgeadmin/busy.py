"""Middleware for requests that exceed the limit of a kind of work."""

from badges.api.envelope import unavailable
from badges.errors import BusyError, ErrorCode


class BusyMiddleware:
    """Returns 503 with Retry-After when a view raises BusyError."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, BusyError):
            return unavailable(request.path, ErrorCode.UNAVAILABLE)
        return None
