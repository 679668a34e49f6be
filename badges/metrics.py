"""Prometheus metrics: those of all workers, and the backlog of sealing and counting."""

import os
import secrets
from collections.abc import Iterator

from django.conf import settings
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from badges.models import RequestLog, Seal, SummaryCursor

MAX_COUNTED = 100_000
DIRECTORY_MISSING = (
    "The directory with the metrics of the workers was deleted. Restart the server.\n"
)
# The directory in which workers store their metrics; the command serve sets it.
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


@require_safe
@never_cache
def metrics(request):
    """Return the metrics to a client with the token, or 404 if the settings have no token."""
    if not settings.METRICS_TOKEN:
        raise Http404
    authorization = request.headers.get("Authorization", "")
    if not secrets.compare_digest(
        authorization.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()
    ):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    directory = os.environ.get(DIRECTORY)
    if directory is not None and not os.path.isdir(directory):
        return HttpResponse(
            DIRECTORY_MISSING, "text/plain", status=503, headers={"Retry-After": "60"}
        )
    registry = CollectorRegistry()
    registry.register(MultiProcessCollector(registry) if directory else REGISTRY)
    registry.register(Chores())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Chores(Collector):
    """The backlog of the chores, read from the database."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        seal, cursor = Seal.objects.newest(), SummaryCursor.objects.first()
        unsealed = RequestLog.objects.waiting_after(seal)
        last_counted = cursor.last_request if cursor else 0
        oldest = unsealed.values_list("recorded_at", flat=True).first()
        age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
        yield _gauge("unsealed_requests", "Requests that are not sealed yet.", _count(unsealed))
        yield _gauge(
            "unsealed_seconds", "Age of the oldest request that is not sealed, in seconds.", age
        )
        yield _gauge(
            "uncounted_requests",
            "Requests that are not in the counts by day yet.",
            _count(RequestLog.objects.filter(pk__gt=last_counted)),
        )


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"badgeadmin_{name}", documentation, value=value)


def _count(rows) -> int:
    """Return the number of rows, up to a maximum that keeps the query fast."""
    return rows.order_by()[:MAX_COUNTED].count()
