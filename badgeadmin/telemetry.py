"""What operators see of the requests of a server: numbers for Prometheus, and a line for each.

Neither tells of a customer: what a request is about is named by its route, not by its address.
"""

import json
import logging
import time
from datetime import UTC, datetime

from django.conf import settings
from prometheus_client import Counter, Gauge, Histogram

TOLD = "badges.told"  # what the way of a request has to say of it, in its environment
DOORS = {"api_gateway": "api", "o": "api", "desk": "desk", "admin": "admin"}

REQUESTS = Counter("badgeadmin_requests", "Requests that were answered.", ["door", "status"])
SECONDS = Histogram(
    "badgeadmin_request_seconds",
    "Seconds from the first byte of a request until its answer began.",
    ["door"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
EARNS = Counter("badgeadmin_earns", "Single earns, accepted or by the code of refusal.", ["code"])
UNDER_WAY = Gauge(
    "badgeadmin_requests_under_way", "Requests being answered now.", multiprocess_mode="livesum"
)

log = logging.getLogger("badgeadmin.requests")


def watched(application):
    """Return the WSGI application, with each request counted, timed and told of."""

    def answer(environ, start_response):
        began = time.perf_counter()
        told = environ[TOLD] = {}

        def start(status, headers, exc_info=None):
            told["status"] = status[:3]
            return start_response(status, headers, exc_info)

        with UNDER_WAY.track_inprogress():
            body = application(environ, start)
        _tell(environ, told, time.perf_counter() - began)
        return body

    return answer


def tell(environ: dict, **said) -> None:
    """Say more of a request: its `route`, `actor`, `request_id` and the `code` it was refused with.

    Without the server there is nobody to be told.
    """
    if TOLD in environ:
        environ[TOLD].update(said)


def _tell(environ: dict, told: dict, seconds: float) -> None:
    door = DOORS.get(environ["PATH_INFO"].strip("/").partition("/")[0], "other")
    REQUESTS.labels(door, told.get("status", "")).inc()
    SECONDS.labels(door).observe(seconds)
    if told.get("earns"):
        EARNS.labels(told.get("code") or "accepted").inc()
    if settings.LOG_REQUESTS:
        method, milliseconds = environ["REQUEST_METHOD"], round(seconds * 1000, 1)
        log.info("", extra={"told": {"method": method, **told, "ms": milliseconds}})


def _route_of(request) -> str | None:
    match = getattr(request, "resolver_match", None)
    return match and match.route.rstrip("$")


class RouteInsteadOfAddress(logging.Filter):
    """Puts the route of a request in the place of its address, which may name a customer."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple) and len(record.args) > 1:
            route = _route_of(request) or "an unknown address"
            record.args = (record.args[0], route, *record.args[2:])
        return True


class JSONFormatter(logging.Formatter):
    """One line of JSON for each record."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
        }
        line |= getattr(record, "told", None) or {"message": record.getMessage()}
        if record.exc_info:
            line |= {"error": self.formatException(record.exc_info)}
        return json.dumps(line, ensure_ascii=False)


class RouteMiddleware:
    """Tells which route a request took, and who was found to be at the other end."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if route := _route_of(request):
            tell(request.META, route=route)
        user = getattr(request, "_cached_user", None)
        if user is not None and user.pk:
            tell(request.META, actor=f"user:{user.pk}")
        return response
