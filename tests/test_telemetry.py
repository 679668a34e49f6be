"""What operators see of requests: numbers and lines, none of which tells of a customer."""

import io
import json
import logging

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from prometheus_client import REGISTRY

from badgeadmin.telemetry import JSONFormatter, RouteInsteadOfAddress, watched
from badges.models import Integrator
from tests.api.conftest import EARN, basic
from tests.api.test_lane import connections_kept

pytestmark = pytest.mark.django_db

MARKED = 4_242_424_242


@pytest.fixture
def lines(settings):
    """What is written for each request and failure, as the server writes it."""
    settings.LOG_REQUESTS = True
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JSONFormatter())
    handler.addFilter(RouteInsteadOfAddress())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def call(method, path, body=None, **headers):
    content = json.dumps(body or {}).encode()
    request = RequestFactory().generic(
        method, path, content, content_type="application/json", headers=headers
    )
    started = []
    with connections_kept():
        watched(WSGIHandler())(request.environ, lambda *start: started.append(start[0]))
    return started[0]


def number(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture
def wish(live_badge):
    return {
        "badgeMetaId": live_badge.pk,
        "customerId": MARKED,
        "requestId": "told-1",
        "triggeredBy": {"ownerType": "Loyalty", "referenceId": "123694"},
    }


def test_an_earn_is_told_with_its_request_and_its_actor(lines, wish, integrator):
    accepted = number("badgeadmin_earns_total", code="accepted")
    seconds = number("badgeadmin_request_seconds_count", door="api")
    caller = basic(integrator.client_id)

    assert call("POST", EARN, wish, **caller).startswith("200")
    assert call("POST", EARN, wish, **caller).startswith("400")

    first, second = (line for line in lines() if "route" in line)
    assert first["actor"] == f"integrator:{Integrator.objects.get().pk}"
    assert (first["method"], first["status"], first["request_id"]) == ("POST", "200", "told-1")
    assert (first["route"], first["code"]) == ("api_gateway/v1/badges/customer/earn", None)
    assert (second["status"], second["code"]) == ("400", 809)
    assert number("badgeadmin_earns_total", code="accepted") == accepted + 1
    assert number("badgeadmin_earns_total", code="809") >= 1
    assert number("badgeadmin_request_seconds_count", door="api") == seconds + 2


def test_no_line_names_a_customer_or_a_secret(lines, wish, integrator, caplog):
    caller = basic(integrator.client_id)
    call("POST", EARN, wish, **caller)
    call("POST", EARN, wish | {"requestId": "told-2", "earnEventDate": "x"}, **caller)
    call("GET", f"/desk/customers/{MARKED}/")
    call("GET", f"/desk/find/?text={MARKED}")
    call("GET", f"/nothing/{MARKED}/")
    logging.getLogger("django.request").error(
        "%s: %s",
        "Internal Server Error",
        f"/desk/customers/{MARKED}/",
        extra={"request": RequestFactory().get("/")},
    )

    written = json.dumps(lines())
    assert len(lines()) >= 6
    assert str(MARKED) not in written
    assert caller["authorization"].split()[1] not in written


def test_numbers_are_for_whoever_has_the_token(client, settings):
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "for Prometheus"
    assert client.get("/metrics").status_code == 401
    wrong = client.get("/metrics", headers={"authorization": "Bearer else"})
    right = client.get("/metrics", headers={"authorization": "Bearer for Prometheus"})

    assert (wrong.status_code, right.status_code) == (401, 200)
    for name in ("requests_total", "request_seconds_bucket", "requests_under_way"):
        assert f"badgeadmin_{name}" in right.text
    for name in ("unsealed_requests", "unsealed_seconds", "uncounted_requests"):
        assert f"badgeadmin_{name} 0.0" in right.text


def test_what_waits_for_its_seal_is_told(client, settings, wish, integrator):
    settings.METRICS_TOKEN = "for Prometheus"
    call("POST", EARN, wish, **basic(integrator.client_id))

    text = client.get("/metrics", headers={"authorization": "Bearer for Prometheus"}).text

    assert "badgeadmin_unsealed_requests 1.0" in text
    assert "badgeadmin_uncounted_requests 1.0" in text
