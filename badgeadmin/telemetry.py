"""Monitoring of requests: metrics for Prometheus, and a log line for each request.

Neither contains a customer: a request is identified by its route, not by its URL.
"""

import json
import logging
import time
from datetime import UTC, datetime
from functools import cache
from typing import TypeVar

from django.conf import settings
from prometheus_client import Counter, Gauge, Histogram

from badges.request_details import DETAILS, add_details

ENTRY_POINTS = {"api_gateway": "api", "o": "api", "desk": "desk", "admin": "admin"}

REQUESTS = Counter("badgeadmin_requests", "Requests with a response.", ["entry_point", "status"])
SECONDS = Histogram(
    "badgeadmin_request_seconds",
    "Seconds from the first byte of a request to the start of its response.",
    ["entry_point"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
EARNS = Counter(
    "badgeadmin_earns",
    "Single earns by outcome (accepted or an error code) and by path (fast or django).",
    ["code", "path"],
)
IN_PROGRESS = Gauge(
    "badgeadmin_requests_in_progress",
    "Requests that are being processed.",
    multiprocess_mode="livesum",
)
REFUSED = Counter(
    "badgeadmin_refused_requests", "Requests that Django refused as suspicious.", ["cause"]
)

MetricT = TypeVar("MetricT", Counter, Histogram)

log = logging.getLogger("badgeadmin.requests")


def record(environ: dict, status: int, seconds: float) -> None:
    """Count a request, and log it, once its response begins."""
    details = environ[DETAILS]
    entry_point = ENTRY_POINTS.get(environ["PATH_INFO"].strip("/").partition("/")[0], "other")
    _labelled(REQUESTS, entry_point, status).inc()
    _labelled(SECONDS, entry_point).observe(seconds)
    if path := details.get("earn_path"):
        _labelled(EARNS, details.get("code") or "accepted", path).inc()
    if settings.LOG_REQUESTS:
        method, milliseconds = environ["REQUEST_METHOD"], round(seconds * 1000, 1)
        line = {"method": method, **details, "status": str(status), "ms": milliseconds}
        log.info("", extra={"details": line})


@cache  # otherwise each request converts labels to strings, under a lock
def _labelled(metric: MetricT, *labels) -> MetricT:
    return metric.labels(*labels)


def _route_of(request) -> str | None:
    match = getattr(request, "resolver_match", None)
    return match and match.route.removesuffix(r"\Z").removesuffix("$")


class RouteInsteadOfAddress(logging.Filter):
    """Replaces the path of a request by its route, because a path may contain a customer."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple) and len(record.args) > 1:
            route = _route_of(request) or "an unknown route"
            record.args = (record.args[0], route, *record.args[2:])
        return True


class RefusalCounter(logging.Handler):
    """Counts, by cause, requests that Django refuses before any view: a wrong Host header."""

    def emit(self, record: logging.LogRecord) -> None:
        REFUSED.labels(record.name.rpartition(".")[2]).inc()


class UTCFormatter(logging.Formatter):
    """Formats times in UTC: Django sets the zone of the process to that of the organisation."""

    converter = staticmethod(time.gmtime)


class JSONFormatter(logging.Formatter):
    """Formats each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
        }
        line |= getattr(record, "details", None) or {"message": record.getMessage()}
        if record.exc_info:
            line |= {"error": self.formatException(record.exc_info)}
        return json.dumps(line, ensure_ascii=False)


class RouteMiddleware:
    """Adds the route and the user of a request to its details."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if route := _route_of(request):
            add_details(request.META, route=route)
        user = getattr(request, "_cached_user", None)
        if user is not None and user.pk:
            add_details(request.META, actor=f"user:{user.pk}")
        return response
