"""Group commit: every caller gets its own result, from any thread that does the work."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import OperationalError

from badges.services.earning.group_commit import GroupCommit, run_in_batches
from tests.waiting import TIMEOUT, wait_until


class Work:
    """Doubles numbers and records the groups. The first call blocks until `go_on` is set."""

    def __init__(self):
        self.groups, self.begun, self.go_on = [], Event(), Event()

    def __call__(self, items):
        self.groups.append(list(items))
        if not self.begun.is_set():
            self.begun.set()
            self.go_on.wait(timeout=TIMEOUT)
        if -1 in items:
            raise ValueError(items)
        return [2 * item for item in items]


@pytest.fixture
def work():
    return Work()


def call_concurrently(group_commit, work, items):
    """Call with the first item, and with the others while it is blocked. Return the futures."""
    with ThreadPoolExecutor(len(items)) as threads:
        first = threads.submit(group_commit, items[0])
        assert work.begun.wait(timeout=TIMEOUT)
        others = [threads.submit(group_commit, item) for item in items[1:]]
        wait_until(lambda: len(group_commit._waiting) == len(others))
        work.go_on.set()
        return [first, *others]


def test_a_single_caller_does_not_wait(work):
    work.begun.set()
    group_commit = GroupCommit(work, max_size=8, keys=lambda item: {item})

    assert [group_commit(1), group_commit(2)] == [2, 4]
    assert work.groups == [[1], [2]]


def test_waiting_callers_are_one_group_and_each_gets_its_result(work):
    group_commit = GroupCommit(work, max_size=8, keys=lambda item: {item})

    results = call_concurrently(group_commit, work, [1, 2, 3, 4, 5])

    assert [result.result() for result in results] == [2, 4, 6, 8, 10]
    assert work.groups[0] == [1]
    assert sorted(work.groups[1]) == [2, 3, 4, 5]


def test_a_group_has_at_most_its_maximum_size(work):
    group_commit = GroupCommit(work, max_size=2, keys=lambda item: {item})

    results = call_concurrently(group_commit, work, [1, 2, 3, 4, 5])

    assert [result.result() for result in results] == [2, 4, 6, 8, 10]
    assert [len(group) for group in work.groups] == [1, 2, 2]


def test_items_with_a_common_key_are_in_different_groups(work):
    group_commit = GroupCommit(work, max_size=8, keys=lambda item: {item % 2, f"or {item}"})

    results = call_concurrently(group_commit, work, [1, 2, 3, 4, 5, 5])

    assert [result.result() for result in results] == [2, 4, 6, 8, 10, 10]
    for group in work.groups:
        assert len({item % 2 for item in group}) == len(group)


def test_a_failing_item_does_not_affect_others(work):
    group_commit = GroupCommit(work, max_size=8, keys=lambda item: {item})

    results = call_concurrently(group_commit, work, [1, 2, -1, 4])

    with pytest.raises(ValueError, match="-1"):
        results.pop(2).result()
    assert [result.result() for result in results] == [2, 4, 8]
    assert group_commit(7) == 14


def test_batches_are_as_large_as_possible_without_common_keys(work):
    work.go_on.set()

    results = run_in_batches(work, [1, 2, 3, 4, 5, 5], max_size=2, keys=lambda item: {item % 3})

    assert results == [2, 4, 6, 8, 10, 10]
    assert work.groups == [[1, 2], [3, 4], [5], [5]]


def test_a_failing_item_has_its_exception_as_result(work):
    work.go_on.set()

    first, failure, last = run_in_batches(work, [1, -1, 3], max_size=8, keys=lambda item: {item})

    assert (first, last, type(failure)) == (2, 6, ValueError)
    assert work.groups == [[1, -1, 3], [1], [-1], [3]]


def test_an_outage_is_not_retried_item_by_item():
    batches = []

    def fail(items):
        batches.append(items)
        raise OperationalError("There is no connection.")

    results = run_in_batches(fail, [1, 2], max_size=8, keys=lambda item: {item})

    assert [type(result) for result in results] == [OperationalError, OperationalError]
    assert batches == [[1, 2]]


def test_every_caller_gets_its_result_under_load():
    group_commit = GroupCommit(
        lambda items: [item + 1 for item in items], max_size=4, keys=lambda item: set()
    )
    start = Barrier(8)

    def many(base):
        start.wait(timeout=TIMEOUT)
        return [group_commit(base + number) for number in range(300)]

    with ThreadPoolExecutor(8) as threads:
        for base, results in zip(range(8), threads.map(many, range(8)), strict=True):
            assert results == [base + number + 1 for number in range(300)]
