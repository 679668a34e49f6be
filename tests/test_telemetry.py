"""Metrics and log lines for operators, which never contain a customer."""

import io
import json
import logging

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from prometheus_client import REGISTRY

from badgeadmin.telemetry import JSONFormatter, RouteInsteadOfAddress, record
from badges.api.fast_earn import FastEarnMiddleware
from badges.models import Integrator
from badges.request_details import begin
from tests.api.conftest import EARN, basic
from tests.connections import connections_kept

pytestmark = pytest.mark.django_db

MARKED = 4_242_424_242


@pytest.fixture
def lines(settings):
    """Return a function that returns the log lines of requests and errors."""
    settings.LOG_REQUESTS = True
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JSONFormatter())
    handler.addFilter(RouteInsteadOfAddress())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def call(method, path, body=None, application=None, **headers):
    content = json.dumps(body or {}).encode()
    request = RequestFactory().generic(
        method, path, content, content_type="application/json", headers=headers
    )
    started = []
    with connections_kept():
        begin(request.environ)
        application = application or WSGIHandler()
        application(request.environ, lambda *start: started.append(start[0]))
        record(request.environ, int(started[0][:3]), seconds=0.001)
    return started[0]


def number(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture
def earn_body(live_badge):
    return {
        "badgeMetaId": live_badge.pk,
        "customerId": MARKED,
        "requestId": "told-1",
        "triggeredBy": {"ownerType": "Loyalty", "referenceId": "123694"},
    }


def test_an_earn_is_logged_with_its_request_and_its_actor(lines, earn_body, integrator):
    accepted = number("badgeadmin_earns_total", code="accepted", path="django")
    seconds = number("badgeadmin_request_seconds_count", entry_point="api")
    caller = basic(integrator.client_id)

    assert call("POST", EARN, earn_body, **caller).startswith("200")
    assert call("POST", EARN, earn_body, **caller).startswith("400")

    first, second = (line for line in lines() if "route" in line)
    assert first["actor"] == f"integrator:{Integrator.objects.get().pk}"
    assert (first["method"], first["status"], first["request_id"]) == ("POST", "200", "told-1")
    assert (first["route"], first["code"]) == ("api_gateway/v1/badges/customer/earn", None)
    assert (second["status"], second["code"]) == ("400", 809)
    assert number("badgeadmin_earns_total", code="accepted", path="django") == accepted + 1
    assert number("badgeadmin_earns_total", code="809", path="django") >= 1
    assert number("badgeadmin_request_seconds_count", entry_point="api") == seconds + 2


def test_an_earn_is_counted_by_the_path_that_it_takes(earn_body, integrator):
    fast_earn = FastEarnMiddleware(WSGIHandler())
    paths = ["django", "fast", "django"]  # the first request fills the cache
    counted = []
    for request_id in ("told-1", "told-2", "told-2"):
        before = {path: earns(path) for path in ("django", "fast")}
        body = earn_body | {"requestId": request_id}
        call("POST", EARN, body, fast_earn, Host="testserver", **basic(integrator.client_id))
        counted += [path for path in before if earns(path) == before[path] + 1]

    assert counted == paths


def earns(path):
    codes = ("accepted", "809")
    return sum(number("badgeadmin_earns_total", code=code, path=path) for code in codes)


def test_no_line_names_a_customer_or_a_secret(lines, earn_body, integrator, caplog):
    caller = basic(integrator.client_id)
    call("POST", EARN, earn_body, **caller)
    call("POST", EARN, earn_body | {"requestId": "told-2", "earnEventDate": "x"}, **caller)
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


def test_metrics_require_the_token(client, settings):
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "for Prometheus"
    assert client.get("/metrics").status_code == 401
    wrong = client.get("/metrics", headers={"authorization": "Bearer else"})
    right = client.get("/metrics", headers={"authorization": "Bearer for Prometheus"})

    assert (wrong.status_code, right.status_code) == (401, 200)
    for name in ("requests_total", "request_seconds_bucket", "requests_in_progress"):
        assert f"badgeadmin_{name}" in right.text
    for name in ("unsealed_requests", "unsealed_seconds", "uncounted_requests"):
        assert f"badgeadmin_{name} 0.0" in right.text


def test_unsealed_rows_are_reported_in_metrics(client, settings, earn_body, integrator):
    settings.METRICS_TOKEN = "for Prometheus"
    call("POST", EARN, earn_body, **basic(integrator.client_id))

    text = client.get("/metrics", headers={"authorization": "Bearer for Prometheus"}).text

    assert "badgeadmin_unsealed_requests 1.0" in text
    assert "badgeadmin_uncounted_requests 1.0" in text
