"""Responses of the API are in English, regardless of the Accept-Language header and cookies."""

import pytest

from badges.models import EarnedBadge, RefusedItem, RequestLog, StoredAnswer
from tests.api.conftest import BADGES, EARN, ApiClient, basic, codes
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

GERMAN = {"accept-language": "de-DE,de;q=0.9"}
LISTS = f"{EARN}Bulk"


@pytest.fixture
def german(integrator):
    """Return an API client that prefers German in its header and its cookie."""
    client = ApiClient(integrator.client_id)
    client.headers |= GERMAN
    client.client.cookies["django_language"] = "de"
    return client


def said(answer) -> list[str]:
    return [error["message"] for error in answer.json()["errors"]]


def varies(answer) -> str:
    return answer.get("Vary", "") + answer.get("Content-Language", "")


def test_a_refusal_is_answered_and_recorded_in_english(german, earn_body):
    BadgeMetaFactory(name="Other")

    answer = german.earn(earn_body(triggeredBy={"ownerType": "Journeys", "referenceId": "1"}))

    assert said(answer) == ["The owner must claim the badge first."]
    assert RequestLog.objects.get().errors[0]["message"] == "The owner must claim the badge first."
    assert not EarnedBadge.objects.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"customerId": "LEFT OUT"}, "The customer id is missing."),
        ({"customerId": True}, "Must be an integer from 1 to 9223372036854775807"),
        ({"earnEventDate": "soon"}, "Must be an ISO 8601 date with time"),
        ({"triggeredBy": {"ownerType": "Nobody", "referenceId": "1"}}, "Must be one of: Loyalty"),
        ({"triggeredBy": []}, "Invalid data. Expected a dictionary, but got list."),
    ],
)
def test_an_input_error_is_in_english(german, earn_body, changes, message):
    answer = german.earn(earn_body(**changes))

    assert message in said(answer)[0]
    assert message in RequestLog.objects.get().errors[0]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("get", EARN, 405, 'Method "GET" not allowed.'),
        ("get", f"{BADGES}/nothing", 404, "There is no such badge."),
        ("get", "/api_gateway/nowhere", 404, "No such endpoint."),
        ("post", EARN, 415, 'Unsupported media type "text/plain" in request.'),
    ],
)
def test_a_refusal_of_the_framework_is_in_english(german, method, path, status, message):
    more = {"data": "x", "content_type": "text/plain"} if method == "post" else {}

    answer = getattr(german.client, method)(path, headers=german.headers, **more)

    assert (answer.status_code, said(answer)) == (status, [message])
    assert "Accept-Language" not in varies(answer)


def test_the_refusal_of_credentials_is_in_english(german):
    answer = german.client.get(BADGES, headers=basic("nobody") | GERMAN)

    assert codes(answer) == [401]
    assert said(answer) == ["Valid credentials are needed."]


def test_refusals_of_a_list_are_answered_and_recorded_in_english(german, earn_body, enrolled_badge):
    body = earn_body(badgeMetaId=enrolled_badge.pk, customerIds=[1, 2, 2], customerId="LEFT OUT")

    answer = german.post(LISTS, body)

    assert answer.status_code == 200
    assert answer.json()["warnings"][0]["message"] == "A customer named several times counts once."
    assert set(RefusedItem.objects.values_list("message", flat=True)) == {
        "The customer has no enrolment that covers the event date."
    }


def test_a_success_does_not_depend_on_the_language(api, german, earn_body):
    answers = [api.earn(earn_body()).headers, german.earn(earn_body()).headers]

    for headers in answers:
        assert "Accept-Language" not in headers.get("Vary", "")
        assert "Content-Language" not in headers


def test_a_stored_response_is_in_english(german, earn_body):
    body = earn_body(triggeredBy={"ownerType": "Loyalty", "referenceId": "123694"})

    first = german.earn(body, **{"idempotency-key": "k"})
    again = german.earn(body, **{"idempotency-key": "k", "accept-language": "en"})

    assert first.content == again.content
    assert StoredAnswer.objects.get().body == first.text


def test_a_token_is_issued_and_refused_in_english(german, integrator):
    refused = german.client.post("/o/token/", {"grant_type": "password"}, headers=german.headers)
    given = german.client.post(
        "/o/token/", {"grant_type": "client_credentials"}, headers=german.headers
    )

    assert refused.json()["error"] == "unsupported_grant_type"
    assert given.status_code == 200
    assert "Accept-Language" not in varies(refused) + varies(given)


def test_the_api_description_is_in_english(client):
    english, german = (
        client.get("/api/schema/", {"format": "json"}, headers={"accept-language": language})
        for language in ("en", "de")
    )

    assert german.content == english.content
    assert "Accept-Language" not in varies(german)
