"""Clients that overload a server: by sending slowly, or by too many concurrent requests.

    python -m tests.faults.overload FILE < JSON

floods a server from a separate process, and writes the responses to the file.
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
JSON = b"X-Forwarded-Proto: https\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
HEAD_END = b"\r\n\r\n"


class SlowClients(threading.Thread):
    """`count` clients that send one byte of their body per second until stopped."""

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

    def close(self) -> int:
        """Close the connections. Return the number of clients that the server had not rejected."""
        self.stopping.set()
        self.join()
        for client in self.clients:
            client.setblocking(False)
        unanswered = sum(map(_is_unanswered, self.clients))
        for client in self.clients:
            client.close()
        return unanswered


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
    """Send earns over `count` connections at once until the time `until`, each with its own id.

    Returns `earned`, the ids of badges by request id, and `statuses`, the number of responses by
    status.
    """
    earned, statuses = {}, Counter()

    async def client(number: int) -> None:
        sent, streams = 0, None
        while time.time() < until:
            sent += 1
            earn = body | {"requestId": f"flood-{number}-{sent}", "customerId": number * 1000 + 1}
            content = json.dumps(earn).encode()
            head = SENDING % (path.encode(), authorization.encode()) + JSON % len(content)
            try:
                streams = streams or await asyncio.open_connection(*address)
                status, answer = await _exchange(*streams, head + content)
            except (OSError, asyncio.IncompleteReadError):
                status, answer, streams = 0, b"", None
            statuses[status] += 1
            if status == 200:
                earned[earn["requestId"]] = json.loads(answer)["data"]["earnedBadgeId"]

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
    options = json.load(sys.stdin)
    Path(sys.argv[1]).write_text(json.dumps(asyncio.run(flood(**options))))
