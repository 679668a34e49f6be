"""A client of the API, and the request it sends."""

import base64
import json
from itertools import count

import pytest
from django.test import Client

from badges.models import RequestLog, RequestOutcome
from tests.factories import CUSTOMER, LOYALTY, SECRET

BADGES = "/api_gateway/v1/badges/badgeMeta"
EARN = "/api_gateway/v1/badges/customer/earn"
TRIGGER = {"ownerType": LOYALTY.owner_type, "referenceId": LOYALTY.reference_id}


def basic(client_id: str, secret: str = SECRET) -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


class ApiClient:
    """Posts and gets as one integrator; answers are Django's, with `json()`."""

    def __init__(self, client_id: str):
        self.headers = basic(client_id)
        self.client = Client(raise_request_exception=False)

    def post(self, path: str, body, content_type: str = "application/json", **headers):
        return self._send(self.client.post, path, body, content_type, headers)

    def put(self, path: str, body, content_type: str = "application/json", **headers):
        return self._send(self.client.put, path, body, content_type, headers)

    def get(self, path: str):
        return self.client.get(path, headers=self.headers)

    def earn(self, body, **headers):
        return self.post(EARN, body, **headers)

    def _send(self, method, path, body, content_type, headers):
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        return method(path, content, content_type=content_type, headers=self.headers | headers)


@pytest.fixture
def api(integrator):
    return ApiClient(integrator.client_id)


@pytest.fixture
def wish(live_badge):
    """Return a maker of good requests, each with its own request id, changed by its arguments."""
    numbers = count(1)

    def make(**changes) -> dict:
        good = {
            "badgeMetaId": live_badge.pk,
            "customerId": CUSTOMER,
            "requestId": f"r-{next(numbers)}",
            "triggeredBy": TRIGGER,
        }
        return {name: value for name, value in (good | changes).items() if value != "LEFT OUT"}

    return make


def a_badge(**changes) -> dict:
    """Return the body of a good badge, changed by the arguments."""
    good = {
        "name": "Summer",
        "startOnISO": "2026-06-01T00:00:00Z",
        "expiresOnISO": "2096-09-01T00:00:00Z",
        "earnType": "EARN",
        "earnedBadgeExpiry": {"expiryType": "NEVER"},
        "ownership": {"restrictedToOwners": ["Loyalty"]},
    }
    return {name: value for name, value in (good | changes).items() if value != "LEFT OUT"}


def codes(answer) -> list[int]:
    """The codes of a refusal, whose envelope is checked on the way."""
    envelope = answer.json()
    assert list(envelope) == ["data", "errors", "warnings"]
    assert envelope["data"] is None
    assert envelope["warnings"] is None
    assert answer["Content-Type"] == "application/json"
    return [error["code"] for error in envelope["errors"]]


def references(answer) -> list[str | None]:
    return [error["reference"] for error in answer.json()["errors"]]


def refused_codes() -> list[int]:
    """The first codes of the refusals that are on record."""
    refused = RequestLog.objects.filter(outcome=RequestOutcome.REFUSED)
    return list(refused.values_list("code", flat=True))
