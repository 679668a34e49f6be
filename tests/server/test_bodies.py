"""Bodies have a deadline and limits; if they are exceeded, the stalled bodies are given up."""

import asyncio

import pytest

from badgeadmin.server.bodies import (
    BodyReader,
    BodyTimeoutError,
    BodyTooLargeError,
    ClientDisconnectedError,
    TooManyBodiesError,
)


class Client:
    """A client that sends chunks, then stalls. With `ends`, the last chunk completes the body."""

    def __init__(self, *chunks, ends=True):
        self.messages = [
            {
                "type": "http.request",
                "body": chunk,
                "more_body": not ends or chunk is not chunks[-1],
            }
            for chunk in chunks
        ]
        self.waits = asyncio.Event()

    async def receive(self):
        if self.messages:
            return self.messages.pop(0)
        self.waits.set()
        await asyncio.Event().wait()


def reader(**bounds):
    usual = {"timeout": 30, "max_pending": 10, "max_per_address": 10, "max_buffered": 100}
    return BodyReader(**usual | bounds)


def read(bodies, client, *, address="a", limit=10):
    return bodies.read(client.receive, address=address, limit=limit)


def test_a_body_is_returned_complete():
    async def scene():
        return await read(reader(), Client(b"0123", b"456789"))

    assert asyncio.run(scene()) == b"0123456789"


@pytest.mark.parametrize("chunks", [[b"0123456789A"], [b"0123456789", b"A"]])
def test_a_body_that_is_too_large_is_not_read_to_its_end(chunks):
    client = Client(*chunks, b"more")

    with pytest.raises(BodyTooLargeError):
        asyncio.run(read(reader(), client))

    assert client.messages


@pytest.mark.parametrize("chunks", [[], [b"0", b"1"]], ids=["nothing", "a bit"])
def test_a_body_has_one_deadline(chunks):
    with pytest.raises(BodyTimeoutError):
        asyncio.run(read(reader(timeout=0.05), Client(*chunks, ends=False)))


def test_a_slow_body_does_not_extend_its_deadline():
    async def drip():
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"0", "more_body": True}

    async def scene():
        await reader(timeout=0.05).read(drip, address="a", limit=10**9)

    with pytest.raises(BodyTimeoutError):
        asyncio.run(scene())


def test_a_closed_connection_aborts_the_body():
    async def gone():
        return {"type": "http.disconnect"}

    async def scene():
        await reader().read(gone, address="a", limit=10)

    with pytest.raises(ClientDisconnectedError):
        asyncio.run(scene())


async def stalled(bodies, address="a", *chunks):
    """Start to read a body that stalls. Return the task."""
    client = Client(*chunks, ends=False)
    task = asyncio.create_task(read(bodies, client, address=address, limit=1000))
    await client.waits.wait()
    return task


@pytest.mark.parametrize(
    ("bounds", "addresses", "given_up"),
    [
        ({"max_pending": 2}, ["a", "b"], 0),
        ({"max_per_address": 1}, ["b", "a"], 1),
        ({"max_per_address": 1}, ["a", "b"], 0),
    ],
)
def test_the_oldest_of_too_many_bodies_is_aborted(bounds, addresses, given_up):
    async def scene():
        bodies = reader(**bounds)
        tasks = [await stalled(bodies, address) for address in addresses]

        assert await read(bodies, Client(b"new"), address="a") == b"new"

        with pytest.raises(TooManyBodiesError):
            await tasks.pop(given_up)
        assert not tasks[0].done()
        tasks[0].cancel()

    asyncio.run(scene())


def test_the_largest_body_is_aborted_when_the_buffer_is_full():
    async def scene():
        bodies = reader(max_buffered=20)
        silent, large = await stalled(bodies), await stalled(bodies, "a", b"0123456789")
        held = await read(bodies, Client(b"01234567"))

        assert await read(bodies, Client(b"0123")) == b"0123"

        with pytest.raises(TooManyBodiesError):
            await large
        assert not silent.done()
        silent.cancel()
        return held

    assert asyncio.run(scene()) == b"01234567"


def test_released_and_aborted_bodies_free_the_buffer():
    async def scene():
        bodies = reader(max_buffered=20, timeout=0.05)
        for _time in range(5):
            bodies.release(await read(bodies, Client(b"0123456789")))
            with pytest.raises(BodyTooLargeError):
                await read(bodies, Client(b"0123456789A"))
            with pytest.raises(BodyTimeoutError):
                await read(bodies, Client(b"0123456789", ends=False))
        return await read(bodies, Client(b"0123456789"))

    assert asyncio.run(scene()) == b"0123456789"


def test_a_body_is_refused_while_complete_bodies_fill_the_buffer():
    async def scene():
        bodies = reader(max_buffered=15)
        await read(bodies, Client(b"0123456789"))
        await read(bodies, Client(b"0123456789"))

    with pytest.raises(TooManyBodiesError):
        asyncio.run(scene())
