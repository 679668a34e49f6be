"""How fast anybody may call, and what is answered beyond it."""

import pytest

from badges.api.pace import MOST_KEPT, Pace
from badges.models import EarnedBadge, RequestLog
from tests.api.conftest import EARN, basic
from tests.api.test_lane import Server

pytestmark = pytest.mark.django_db

TOKEN = "/o/token/"


@pytest.fixture
def slow(monkeypatch):
    """Let integrators call twice at once, and once a minute from then on."""
    monkeypatch.setattr("badges.api.pace.calls", Pace(1 / 60, burst=2))


@pytest.fixture
def wary(monkeypatch):
    """Let an address fail twice at once, and once a minute from then on."""
    monkeypatch.setattr("badges.api.pace.unproved", Pace(1 / 60, burst=2))


def test_a_burst_may_come_and_then_one_at_a_time():
    pace = Pace(2, burst=3)

    assert [pace.wait("one", now=100.0) for _time in range(4)] == [0, 0, 0, 0.5]
    assert pace.wait("another", now=100.0) == 0
    assert [pace.wait("one", now=100.5) for _time in range(2)] == [0, 0.5]
    assert [pace.wait("one", now=200.0) for _time in range(4)] == [0, 0, 0, 0.5]


def test_a_rate_of_zero_is_no_limit():
    assert [Pace(0, burst=0).wait("one", now=1.0) for _time in range(100)] == [0] * 100


def test_whoever_is_silent_longest_is_forgotten():
    pace = Pace(1, burst=1)
    for key in range(MOST_KEPT + 1):
        pace.wait(key, now=1.0)

    assert pace.wait(0, now=1.0) == 0
    assert pace.wait(MOST_KEPT, now=1.0) == 1


def test_an_integrator_that_calls_too_fast_is_told_when_to_come_again(api, wish, slow):
    answers = [api.earn(wish(requestId=f"{number}")) for number in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert answers[2].json()["errors"][0]["code"] == 429
    assert EarnedBadge.objects.count() == RequestLog.objects.count() == 2


def test_the_short_way_counts_each_call_once(db, wish, integrator, slow):
    server, caller = Server(), basic(integrator.client_id)
    first, second, third = (server.earn(wish(requestId=name), **caller) for name in "aab")

    assert (first.status_code, second.codes, third.status_code) == (200, [809], 429)


def test_an_address_that_fails_too_often_is_told_so_but_not_others(client, api, wish, wary):
    nobody = basic("nobody")
    answers = [client.post(EARN, {}, "application/json", headers=nobody) for _time in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert RequestLog.objects.count() == 2
    assert api.earn(wish()).status_code == 200  # from the same address, but it is known
    elsewhere = client.post(EARN, {}, "application/json", headers=nobody, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 401


def test_asking_for_tokens_is_slowed_down_too(client, integrator, wary):
    asked = {"grant_type": "client_credentials"}
    answers = [client.post(TOKEN, asked, headers=basic("nobody")) for _time in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[2].json() == {"error": "slow_down"}
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    known = client.post(TOKEN, asked, headers=basic(integrator.client_id))
    assert known.status_code == 200
