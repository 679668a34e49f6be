"""Clients that repeat each call with the same id until they get a final response.

The responses are recorded outside of the system, to compare them with its tables later.
"""

import http.client
import json
import random
import threading
import time
from dataclasses import dataclass, field

from tests.bench import scene
from tests.bench.servers import BY_HTTPS

TIMEOUT = 20  # seconds without data before a call is repeated
PAUSE = 0.05  # seconds between two attempts
EVENT_DATE = "2026-01-15T10:00:00Z"
EARN = "/api_gateway/v1/badges/customer/earn"
LIST_SIZE = 5_000  # customers


@dataclass
class Responses:
    """The responses to all clients. A gap is the time until a final response, in seconds."""

    earned: dict[str, str] = field(default_factory=dict)  # badge ids by request id
    refused: dict[str, int] = field(default_factory=dict)  # codes by request id
    lists: dict[str, int] = field(default_factory=dict)  # number of issued badges by request id
    replays: int = 0
    unavailable: int = 0
    broken: int = 0
    unexpected: list[str] = field(default_factory=list)
    longest_gap: float = 0.0
    waits: list[float] = field(default_factory=list)  # seconds per call, in order
    note: str = ""  # additional remarks


class Client(threading.Thread):
    """A client that sends earns for random customers, one after the other, until it is stopped."""

    path = EARN

    def __init__(self, number: int, address: tuple[str, int], made, kinds, responses: Responses):
        super().__init__(daemon=True)
        self.number, self.address, self.made, self.kinds = number, address, made, kinds
        self.responses, self.stopping = responses, threading.Event()
        self.chance = random.Random(number)  # noqa: S311
        self.connection = None

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            self._until_answered(f"client-{self.number}-{number}")

    def _until_answered(self, request_id: str) -> None:
        body = json.dumps(self._body(request_id))
        began = time.monotonic()
        while not self._is_final(request_id, *self._answer(body)):
            time.sleep(PAUSE)
        waited = time.monotonic() - began
        self.responses.waits.append(waited)
        self.responses.longest_gap = max(self.responses.longest_gap, waited)

    def _body(self, request_id: str) -> dict:
        body = earn_of(self.chance.choice(self.kinds))
        return body | {"requestId": request_id, "customerId": self.chance.randint(1, 300)}

    def _answer(self, body: str) -> tuple[int, bytes]:
        """Return the status and body of a response, or status 0 if there was none."""
        headers = BY_HTTPS | {"Authorization": self.made.authorization}
        headers |= {"Content-Type": "application/json"}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(*self.address, timeout=TIMEOUT)
            self.connection.request("POST", self.path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0, b""

    def _is_final(self, request_id: str, status: int, content: bytes) -> bool:
        """Record a response. Return whether it is final."""
        if status == 0:
            self.responses.broken += 1
            return False
        try:
            envelope = json.loads(content)
            code = envelope["errors"][0]["code"] if envelope["errors"] else None
        except (ValueError, KeyError):
            self.responses.unexpected.append(f"{status} {content[:200]!r}")
            return False
        if status == 200:
            self._record(request_id, envelope["data"])
        elif status == 503:
            self.responses.unavailable += 1
            return False
        elif code == 809 and envelope["errors"][0]["original"]["identical"]:
            self.responses.replays += 1
            self._record(request_id, envelope["errors"][0]["original"])
        elif status in (400, 409):
            self.responses.refused[request_id] = code
        else:
            self.responses.unexpected.append(f"{status} {content[:200]!r}")
            return False
        return True

    def _record(self, request_id: str, data: dict) -> None:
        self.responses.earned[request_id] = data["earnedBadgeId"]


class ListClient(Client):
    """A client that gives a badge without limits to long lists of customers."""

    path = f"{EARN}Bulk"

    def _body(self, request_id: str) -> dict:
        body = super()._body(request_id)
        del body["customerId"]
        first = self.chance.randint(1_000, 1_000_000)
        customers = list(range(first, first + LIST_SIZE))
        return body | {"badgeMetaId": self.made.plain, "customerIds": customers}

    def _record(self, request_id: str, data: dict) -> None:
        self.responses.lists[request_id] = LIST_SIZE


def earn_of(badge_id: str) -> dict:
    """Return the body of an earn, without customer and request id."""
    owner_type, reference_id = scene.OWNER
    return {
        "badgeMetaId": badge_id,
        "earnEventDate": EVENT_DATE,
        "triggeredBy": {"ownerType": owner_type, "referenceId": reference_id},
    }


def start_clients(
    count: int, address: tuple[str, int], made, kinds
) -> tuple[list[Client], Responses]:
    """Start `count` clients of a server."""
    responses = Responses()
    clients = [Client(number, address, made, kinds, responses) for number in range(count)]
    for client in clients:
        client.start()
    return clients, responses


def stop_clients(clients: list[Client], seconds: float = 60) -> None:
    """Stop the clients, and wait until each has finished its current call."""
    for client in clients:
        client.stopping.set()
    end = time.monotonic() + seconds
    for client in clients:
        client.join(max(0, end - time.monotonic()))
    if any(client.is_alive() for client in clients):
        raise RuntimeError("A client was never answered.")
