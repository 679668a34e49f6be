"""A limited number of requests run at a time, each in a slot with its own connection."""

import asyncio
import threading

import pytest
from django.db import connection

from badgeadmin.server.slots import NoSlotError, Slots


def slots(count=2, *, max_waiting=0, timeout=30.0):
    return Slots(count, max_waiting=max_waiting, timeout=timeout)


def test_a_slot_runs_a_function_in_a_thread_and_returns_its_result():
    async def scene():
        slot = await slots().acquire()
        thread = await slot.run(threading.get_ident)
        with pytest.raises(ZeroDivisionError):
            await slot.run(divmod, 1, 0)
        assert await slot.run(threading.get_ident) == thread
        return thread

    assert asyncio.run(scene()) != threading.get_ident()


def test_the_slot_that_was_released_last_is_acquired_first():
    async def scene():
        pool = slots(3)
        first, second = await pool.acquire(), await pool.acquire()
        pool.release(first)
        pool.release(second)
        assert [await pool.acquire(), await pool.acquire()] == [second, first]
        assert await pool.acquire() not in (first, second)

    asyncio.run(scene())


def test_a_released_slot_goes_to_the_longest_waiting_request():
    async def scene():
        pool = slots(1, max_waiting=2)
        slot = await pool.acquire()
        first, second = (asyncio.create_task(pool.acquire()) for _time in range(2))
        await asyncio.sleep(0)
        with pytest.raises(NoSlotError):
            await pool.acquire()
        pool.release(slot)
        assert await first is slot
        assert not second.done()
        pool.release(slot)
        assert await second is slot

    asyncio.run(scene())


def test_waiting_for_a_slot_times_out():
    async def scene():
        pool = slots(1, max_waiting=1, timeout=0.01)
        slot = await pool.acquire()
        for _time in range(2):
            with pytest.raises(NoSlotError):
                await pool.acquire()
        pool.release(slot)
        assert await pool.acquire() is slot

    asyncio.run(scene())


def test_a_slot_is_not_lost_with_the_request_that_waited_for_it():
    async def scene():
        pool = slots(1, max_waiting=1)
        slot = await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await asyncio.sleep(0)
        pool.release(slot)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await pool.acquire() is slot

    asyncio.run(scene())


def connect():
    connection.ensure_connection()


def is_open():
    return connection.connection is not None


@pytest.mark.parametrize(("seconds", "stays_open"), [(30.0, True), (-1.0, False)])
def test_a_connection_of_an_idle_slot_is_closed(seconds, stays_open, db):
    async def scene():
        pool = slots()
        slot = await pool.acquire()
        await slot.run(connect)
        pool.release(slot)
        pool.close_idle(seconds)
        assert await slot.run(is_open) == stays_open
        slot.close_connections()
        assert not await slot.run(is_open)

    asyncio.run(scene())
