"""Group commit: everybody gets an answer of their own, whoever did the work."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from badges.services.together import Together


class Work:
    """Doubles numbers; keeps what came together, and holds the first call up while asked to."""

    def __init__(self):
        self.groups, self.begun, self.go_on = [], Event(), Event()

    def __call__(self, items):
        self.groups.append(list(items))
        if not self.begun.is_set():
            self.begun.set()
            self.go_on.wait(timeout=30)
        if -1 in items:
            raise ValueError(items)
        return [2 * item for item in items]


@pytest.fixture
def work():
    return Work()


def all_at_once(together, work, items):
    """Call with the first item, and with the others while it is under way; return the results."""
    with ThreadPoolExecutor(len(items)) as threads:
        first = threads.submit(together, items[0])
        assert work.begun.wait(timeout=30)
        others = [threads.submit(together, item) for item in items[1:]]
        while len(together._waiting) < len(others):
            pass
        work.go_on.set()
        return [first, *others]


def test_a_caller_alone_goes_at_once(work):
    work.begun.set()
    together = Together(work, most=8, keys=lambda item: {item})

    assert [together(1), together(2)] == [2, 4]
    assert work.groups == [[1], [2]]


def test_those_who_wait_go_together_and_each_gets_its_own(work):
    together = Together(work, most=8, keys=lambda item: {item})

    results = all_at_once(together, work, [1, 2, 3, 4, 5])

    assert [result.result() for result in results] == [2, 4, 6, 8, 10]
    assert work.groups[0] == [1]
    assert sorted(work.groups[1]) == [2, 3, 4, 5]


def test_no_more_go_together_than_may(work):
    together = Together(work, most=2, keys=lambda item: {item})

    results = all_at_once(together, work, [1, 2, 3, 4, 5])

    assert [result.result() for result in results] == [2, 4, 6, 8, 10]
    assert [len(group) for group in work.groups] == [1, 2, 2]


def test_two_that_share_a_key_never_go_together(work):
    together = Together(work, most=8, keys=lambda item: {item % 2, f"or {item}"})

    results = all_at_once(together, work, [1, 2, 3, 4, 5, 5])

    assert [result.result() for result in results] == [2, 4, 6, 8, 10, 10]
    for group in work.groups:
        assert len({item % 2 for item in group}) == len(group)


def test_one_that_fails_spoils_no_other(work):
    together = Together(work, most=8, keys=lambda item: {item})

    results = all_at_once(together, work, [1, 2, -1, 4])

    with pytest.raises(ValueError, match="-1"):
        results.pop(2).result()
    assert [result.result() for result in results] == [2, 4, 8]
    assert together(7) == 14


def test_nobody_is_left_waiting_under_load():
    together = Together(lambda items: [item + 1 for item in items], most=4, keys=lambda item: set())
    start = Barrier(8)

    def many(base):
        start.wait(timeout=30)
        return [together(base + number) for number in range(300)]

    with ThreadPoolExecutor(8) as threads:
        for base, results in zip(range(8), threads.map(many, range(8)), strict=True):
            assert results == [base + number + 1 for number in range(300)]
