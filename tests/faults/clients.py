"""Clients that never give up: each call is repeated with its id until it is answered.

What they were told is kept here, outside of the system, to be held against its tables later.
"""

import http.client
import json
import random
import threading
import time
from dataclasses import dataclass, field

from tests.bench import scene

TIMEOUT = 20  # seconds without a word, after which a call is repeated
PAUSE = 0.05  # seconds before it is
MOMENT = "2026-01-15T10:00:00Z"
EARN = "/api_gateway/v1/badges/customer/earn"
LIST = 5_000  # customers


@dataclass
class Told:
    """What the clients were told, added up; gaps are seconds without an answer to one client."""

    earned: dict[str, str] = field(default_factory=dict)  # ids of badges by request id
    refused: dict[str, int] = field(default_factory=dict)  # codes by request id
    lists: dict[str, int] = field(default_factory=dict)  # how many were given, by request id
    replays: int = 0
    unavailable: int = 0
    broken: int = 0
    odd: list[str] = field(default_factory=list)
    longest_gap: float = 0.0
    waits: list[float] = field(default_factory=list)  # seconds until each answer, as they came
    note: str = ""  # what else is worth telling


class Client(threading.Thread):
    """Earns for random customers, one after the other, until it is told to stop."""

    path = EARN

    def __init__(self, number: int, address: tuple[str, int], made, kinds, told: Told):
        super().__init__(daemon=True)
        self.number, self.address, self.made, self.kinds = number, address, made, kinds
        self.told, self.stopping = told, threading.Event()
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
        while not self._settled(request_id, *self._answer(body)):
            time.sleep(PAUSE)
        waited = time.monotonic() - began
        self.told.waits.append(waited)
        self.told.longest_gap = max(self.told.longest_gap, waited)

    def _body(self, request_id: str) -> dict:
        body = earn_of(self.chance.choice(self.kinds))
        return body | {"requestId": request_id, "customerId": self.chance.randint(1, 300)}

    def _answer(self, body: str) -> tuple[int, bytes]:
        """Return status and body; a status of 0 when there was no answer."""
        headers = {"Authorization": self.made.authorization, "Content-Type": "application/json"}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(*self.address, timeout=TIMEOUT)
            self.connection.request("POST", self.path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0, b""

    def _settled(self, request_id: str, status: int, content: bytes) -> bool:
        """Keep what was told, and whether that is the end of it."""
        if status == 0:
            self.told.broken += 1
            return False
        try:
            envelope = json.loads(content)
            code = envelope["errors"][0]["code"] if envelope["errors"] else None
        except (ValueError, KeyError):
            self.told.odd.append(f"{status} {content[:200]!r}")
            return False
        if status == 200:
            self._keep(request_id, envelope["data"])
        elif status == 503:
            self.told.unavailable += 1
            return False
        elif code == 809 and envelope["errors"][0]["original"]["identical"]:
            self.told.replays += 1
            self._keep(request_id, envelope["errors"][0]["original"])
        elif status in (400, 409):
            self.told.refused[request_id] = code
        else:
            self.told.odd.append(f"{status} {content[:200]!r}")
            return False
        return True

    def _keep(self, request_id: str, data: dict) -> None:
        self.told.earned[request_id] = data["earnedBadgeId"]


class ListClient(Client):
    """Gives a badge without limits to long lists of customers."""

    path = f"{EARN}Bulk"

    def _body(self, request_id: str) -> dict:
        body = super()._body(request_id)
        del body["customerId"]
        first = self.chance.randint(1_000, 1_000_000)
        customers = list(range(first, first + LIST))
        return body | {"badgeMetaId": self.made.plain, "customerIds": customers}

    def _keep(self, request_id: str, data: dict) -> None:
        self.told.lists[request_id] = LIST


def earn_of(badge_id: str) -> dict:
    """Return the body of an earn, but for whose it is and its request id."""
    owner_type, reference_id = scene.OWNER
    return {
        "badgeMetaId": badge_id,
        "earnEventDate": MOMENT,
        "triggeredBy": {"ownerType": owner_type, "referenceId": reference_id},
    }


def crowd(count: int, address: tuple[str, int], made, kinds) -> tuple[list[Client], Told]:
    """Start so many clients of a server."""
    told = Told()
    clients = [Client(number, address, made, kinds, told) for number in range(count)]
    for client in clients:
        client.start()
    return clients, told


def dismiss(clients: list[Client], seconds: float = 60) -> None:
    """Let each finish the call it is at."""
    for client in clients:
        client.stopping.set()
    end = time.monotonic() + seconds
    for client in clients:
        client.join(max(0, end - time.monotonic()))
    if any(client.is_alive() for client in clients):
        raise RuntimeError("A client was never answered.")
