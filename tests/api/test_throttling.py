"""Rate limits of API calls, and the response when a limit is exceeded."""

import pytest

from badges.models import EarnedBadge, RequestLog
from badges.rate_limits import MAX_KEYS, RateLimiter
from tests.api.conftest import EARN, basic
from tests.api.fast_earn import Server

pytestmark = pytest.mark.django_db

TOKEN = "/o/token/"


@pytest.fixture
def slow_rate(monkeypatch):
    """Limit integrators to a burst of two calls, then one per minute."""
    monkeypatch.setattr("badges.api.throttling.calls", RateLimiter(1 / 60, burst=2))


@pytest.fixture
def wary(monkeypatch):
    """Limit failures per address to a burst of two, then one per minute."""
    monkeypatch.setattr("badges.api.throttling.unauthenticated", RateLimiter(1 / 60, burst=2))


def test_the_rate_limit_allows_a_burst():
    pace = RateLimiter(2, burst=3)

    assert [pace.wait("one", now=100.0) for _time in range(4)] == [0, 0, 0, 0.5]
    assert pace.wait("another", now=100.0) == 0
    assert [pace.wait("one", now=100.5) for _time in range(2)] == [0, 0.5]
    assert [pace.wait("one", now=200.0) for _time in range(4)] == [0, 0, 0, 0.5]


def test_a_rate_limit_of_zero_is_unlimited():
    assert [RateLimiter(0, burst=0).wait("one", now=1.0) for _time in range(100)] == [0] * 100


def test_the_rate_limit_evicts_the_least_recent_key():
    pace = RateLimiter(1, burst=1)
    for key in range(MAX_KEYS + 1):
        pace.wait(key, now=1.0)

    assert pace.wait(0, now=1.0) == 0
    assert pace.wait(MAX_KEYS, now=1.0) == 1


def test_the_rate_limit_of_an_integrator_sends_retry_after(api, earn_body, slow_rate):
    answers = [api.earn(earn_body(requestId=f"{number}")) for number in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert answers[2].json()["errors"][0]["code"] == 429
    assert EarnedBadge.objects.count() == RequestLog.objects.count() == 2


@pytest.mark.parametrize("in_batches", [False, True])
def test_the_fast_path_counts_each_call_once_for_the_rate_limit(
    db, earn_body, integrator, slow_rate, in_batches
):
    server, caller = Server(in_batches=in_batches), basic(integrator.client_id)
    first, second, third = (server.earn(earn_body(requestId=name), **caller) for name in "aab")

    assert (first.status_code, second.codes, third.status_code) == (200, [809], 429)


def test_the_rate_limit_of_failures_is_per_address(client, api, earn_body, wary):
    nobody = basic("nobody")
    answers = [client.post(EARN, {}, "application/json", headers=nobody) for _time in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert RequestLog.objects.count() == 2
    assert api.earn(earn_body()).status_code == 200  # the same address, but with valid credentials
    elsewhere = client.post(EARN, {}, "application/json", headers=nobody, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 401


def test_the_rate_limit_applies_to_tokens(client, integrator, wary):
    asked = {"grant_type": "client_credentials"}
    answers = [client.post(TOKEN, asked, headers=basic("nobody")) for _time in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[2].json() == {"error": "slow_down"}
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    known = client.post(TOKEN, asked, headers=basic(integrator.client_id))
    assert known.status_code == 200
