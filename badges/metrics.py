"""What Prometheus asks for: the numbers of every worker, and how far sealing and counting are."""

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

MOST_COUNTED = 100_000
DIRECTORY = (
    "PROMETHEUS_MULTIPROC_DIR"  # where workers keep their numbers; the command serve sets it
)


@require_safe
@never_cache
def metrics(request):
    """Answer whoever has the token; without one in the settings there is nothing here."""
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "")
    if not secrets.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry()
    registry.register(MultiProcessCollector(registry) if DIRECTORY in os.environ else REGISTRY)
    registry.register(Chores())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Chores(Collector):
    """How far behind the chores are, as the database says."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        seal, cursor = Seal.objects.newest(), SummaryCursor.objects.first()
        unsealed = RequestLog.objects.waiting_after(seal)
        counted = cursor.last_request if cursor else 0
        oldest = unsealed.values_list("recorded_at", flat=True).first()
        age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
        yield _gauge("unsealed_requests", "Requests no seal holds yet.", _count(unsealed))
        yield _gauge("unsealed_seconds", "Seconds that the oldest one waits for its seal.", age)
        yield _gauge(
            "uncounted_requests",
            "Requests that are in no count by day yet.",
            _count(RequestLog.objects.filter(pk__gt=counted)),
        )


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"badgeadmin_{name}", about, value=value)


def _count(rows) -> int:
    """Return how many these are, up to a bound: to count more would take longer than it tells."""
    return rows.order_by()[:MOST_COUNTED].count()
