"""A client of the API and a valid request body."""

import base64
import json
from itertools import count

import pytest
from django.test import Client

from badges.models import RequestLog, RequestOutcome
from tests.api import described
from tests.factories import CUSTOMER, LOYALTY, SECRET

BADGES = "/api_gateway/v1/badges/badgeMeta"
EARN = "/api_gateway/v1/badges/customer/earn"
TRIGGER = {"ownerType": LOYALTY.owner_type, "referenceId": LOYALTY.reference_id}


def basic(client_id: str, secret: str = SECRET) -> dict[str, str]:
    """Return the header of HTTP Basic authentication."""
    return {"authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


class ApiClient:
    """A client of the API that authenticates as one integrator.

    Responses are Django's, with `json()`. Each one is validated against the description of the API.
    """

    def __init__(self, client_id: str):
        self.headers = basic(client_id)
        self.client = Client(raise_request_exception=False)

    def post(self, path: str, body, content_type: str = "application/json", **headers):
        return self._send("post", path, body, content_type, headers)

    def put(self, path: str, body, content_type: str = "application/json", **headers):
        return self._send("put", path, body, content_type, headers)

    def get(self, path: str, **headers):
        answer = self.client.get(path, headers=self.headers | headers)
        described.check("get", path, answer)
        return answer

    def earn(self, body, **headers):
        return self.post(EARN, body, **headers)

    def _send(self, method, path, body, content_type, headers):
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        send = getattr(self.client, method)
        answer = send(path, content, content_type=content_type, headers=self.headers | headers)
        described.check(method, path, answer)
        return answer


@pytest.fixture
def api(integrator):
    return ApiClient(integrator.client_id)


@pytest.fixture
def earn_body(live_badge):
    """Return a function that makes valid earn bodies, each with its own request id."""
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
    """Return the body of a valid badge, with the changes."""
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
    """Return the codes of a refusal, and check its envelope."""
    envelope = answer.json()
    assert list(envelope) == ["data", "errors", "warnings"]
    assert envelope["data"] is None
    assert envelope["warnings"] is None
    assert answer["Content-Type"] == "application/json"
    return [error["code"] for error in envelope["errors"]]


def references(answer) -> list[str | None]:
    return [error["reference"] for error in answer.json()["errors"]]


def refused_codes() -> list[int]:
    """Return the first code of each refusal in the request log."""
    refused = RequestLog.objects.filter(outcome=RequestOutcome.REFUSED)
    return list(refused.values_list("code", flat=True))


def response_as_body(api, badge, **changes) -> dict:
    """Return the response for a badge as a request body, with the changes."""
    data = api.get(f"{BADGES}/{badge.pk}").json()["data"] | changes
    return {name: value for name, value in data.items() if value != "LEFT OUT"}


def token_for(client, integrator) -> str:
    answer = client.post(
        "/o/token/", {"grant_type": "client_credentials"}, headers=basic(integrator.client_id)
    )
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 900
    return answer.json()["access_token"]
