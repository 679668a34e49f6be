"""The cache of callers is limited, and threads share it."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from badges.api.credential_cache import MAX_CACHED, forget, recall, remember
from badges.models import Integrator

CALLER = Integrator(name="Engine")
HEADERS = [f"Basic {number}" for number in range(MAX_CACHED)]


@pytest.fixture
def _full():
    for header in HEADERS:
        remember(header, CALLER)


@pytest.fixture
def _many_switches():
    """Let threads interrupt each other as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_full")
def test_a_full_cache_evicts_the_caller_used_least_recently():
    used, unused, *others = HEADERS
    assert recall(used).integrator is CALLER
    remember("Basic newest", CALLER)
    assert recall(unused) is None
    assert all(recall(header) for header in (used, *others, "Basic newest"))


@pytest.mark.usefixtures("_full")
def test_a_caller_that_is_remembered_again_evicts_no_other():
    remember(HEADERS[-1], CALLER)
    assert all(recall(header) for header in HEADERS)


@pytest.mark.usefixtures("_many_switches")
def test_threads_may_use_the_same_entry_at_the_same_time():
    def use(_thread):
        for _time in range(3_000):
            remember("Basic shared", CALLER)
            recall("Basic shared")
            forget("Basic shared")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(8)))
    assert recall("Basic shared") is None
