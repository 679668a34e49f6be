"""Requests that arrive while a batch is processed form the next batch."""

import asyncio
from threading import Event

from badgeadmin.server.batches import Batches
from badgeadmin.server.responses import Answer
from badgeadmin.server.slots import NoSlotError, Slots
from tests.waiting import TIMEOUT

LIMITS = {"max_waiting": 10, "timeout": 30.0}


class Work:
    """Work that returns the number of each environment, and blocks during the first batch."""

    def __init__(self):
        self.batches, self.begun, self.go_on = [], Event(), Event()

    def __call__(self, environs):
        numbers = [environ["number"] for environ in environs]
        self.batches.append(numbers)
        self.begun.set()
        assert self.go_on.wait(timeout=TIMEOUT)
        if 13 in numbers:
            raise ValueError(numbers)
        return [Answer(number, [], b"") if number else None for number in numbers]


def results_of(numbers, *, work=None, slots=None, max_size=10, **limits):
    """Submit requests, all but the first during its batch. Return their results and the work."""
    work = work or Work()

    async def submit_all():
        pool = slots or Slots(2, **LIMITS)
        limited = {"max_size": max_size, "max_running": 1} | LIMITS | limits
        batches = Batches(work, pool, **limited)
        loop, results = asyncio.get_running_loop(), {}
        done = [loop.create_future() for _number in numbers]

        def keep(index, answer, failure):
            results[index] = failure or (answer and answer.status)
            done[index].set_result(None)

        for index, number in enumerate(numbers):
            batches.submit({"number": number}, lambda *found, index=index: keep(index, *found))
            if index == 0 and not results:
                await loop.run_in_executor(None, work.begun.wait, TIMEOUT)
        work.go_on.set()
        await asyncio.gather(*done)
        assert len(pool._idle) == pool._started  # every slot was released
        return [results[index] for index in range(len(numbers))]

    return asyncio.run(submit_all()), work.batches


def test_requests_that_arrive_during_a_batch_are_the_next_batch():
    assert results_of([1, 2, 3]) == ([1, 2, 3], [[1], [2, 3]])


def test_a_batch_has_a_maximum_size():
    assert results_of([1, 2, 3, 4], max_size=2) == ([1, 2, 3, 4], [[1], [2, 3], [4]])


def test_several_batches_may_run_concurrently():
    results, batches = results_of([1, 2, 3, 4], max_running=2)

    assert results == [1, 2, 3, 4]
    assert sorted(batches) == [[1], [2], [3, 4]]


def test_a_request_without_a_batch_response_falls_back():
    assert results_of([1, 0, 2])[0] == [1, None, 2]


def test_requests_of_a_failed_batch_fall_back():
    assert results_of([1, 13, 2])[0] == [1, None, None]


def test_a_request_is_rejected_when_the_queue_is_full():
    (first, second, third), batches = results_of([1, 2, 3], max_waiting=1)

    assert (first, second) == (1, 2)
    assert isinstance(third, NoSlotError)
    assert batches == [[1], [2]]


def test_a_request_is_rejected_after_the_slot_timeout():
    (first, second), batches = results_of([1, 2], timeout=-1.0)

    assert isinstance(first, NoSlotError)
    assert isinstance(second, NoSlotError)
    assert batches == []


def test_a_batch_without_a_slot_is_rejected():
    results, batches = results_of([1, 2], slots=Slots(0, max_waiting=0, timeout=30.0))

    assert [type(result) for result in results] == [NoSlotError, NoSlotError]
    assert batches == []
