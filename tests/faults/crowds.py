"""Crowds that no server can please: those who send slowly, and more than there is room for.

    python -m tests.faults.crowds FILE < JSON

floods a server from a process of its own, and writes to the file what was answered.
"""

import asyncio
import json
import socket
import sys
import threading
import time
from collections import Counter
from pathlib import Path

SENDING = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\n"
JSON = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
HEAD_END = b"\r\n\r\n"


class SlowCrowd(threading.Thread):
    """So many clients that send a byte of their body each second, until they are told to stop."""

    def __init__(self, count: int, address: tuple[str, int], path: str, authorization: str):
        super().__init__(daemon=True)
        self.stopping = threading.Event()
        self.clients = [socket.create_connection(address) for _client in range(count)]
        head = SENDING % (path.encode(), authorization.encode()) + JSON % 10_000
        for client in self.clients:
            client.sendall(head)

    def run(self) -> None:
        while not self.stopping.wait(1):
            for client in self.clients:
                client.sendall(b" ")

    def dismiss(self) -> int:
        """Let them go; return how many of them the server had not sent away."""
        self.stopping.set()
        self.join()
        for client in self.clients:
            client.setblocking(False)
        patient = sum(map(_is_unanswered, self.clients))
        for client in self.clients:
            client.close()
        return patient


def _is_unanswered(client: socket.socket) -> bool:
    try:
        client.recv(1)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


async def flood(
    *, address: tuple[str, int], path: str, authorization: str, body: dict, count: int, until: float
) -> dict:
    """Send calls over so many connections at once until a moment of the clock, each with its id.

    Returns what was `earned`, by request id, and how often there was which status.
    """
    earned, statuses = {}, Counter()

    async def client(number: int) -> None:
        sent, streams = 0, None
        while time.time() < until:
            sent += 1
            asked = body | {"requestId": f"flood-{number}-{sent}", "customerId": number * 1000 + 1}
            content = json.dumps(asked).encode()
            head = SENDING % (path.encode(), authorization.encode()) + JSON % len(content)
            try:
                streams = streams or await asyncio.open_connection(*address)
                status, answer = await _exchange(*streams, head + content)
            except (OSError, asyncio.IncompleteReadError):
                status, answer, streams = 0, b"", None
            statuses[status] += 1
            if status == 200:
                earned[asked["requestId"]] = json.loads(answer)["data"]["earnedBadgeId"]

    await asyncio.gather(*(client(number) for number in range(1, count + 1)))
    return {"earned": earned, "statuses": statuses}


async def _exchange(reader, writer, request: bytes) -> tuple[int, bytes]:
    writer.write(request)
    head = await reader.readuntil(HEAD_END)
    lengths = [
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    ]
    return int(head.split(b" ", 2)[1]), await reader.readexactly(lengths[0])


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    Path(sys.argv[1]).write_text(json.dumps(asyncio.run(flood(**asked))))
