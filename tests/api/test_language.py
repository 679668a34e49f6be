"""What goes over the wire is in English, whatever language a client accepts or a cookie names."""

import pytest

from badges.models import EarnedBadge, RefusedItem, RequestLog, StoredAnswer
from tests.api.conftest import BADGES, EARN, ApiClient, basic, codes
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

GERMAN = {"accept-language": "de-DE,de;q=0.9"}
LISTS = f"{EARN}Bulk"


@pytest.fixture
def german(integrator):
    """The client of an integrator whose machine speaks German, with a cookie that says so."""
    client = ApiClient(integrator.client_id)
    client.headers |= GERMAN
    client.client.cookies["django_language"] = "de"
    return client


def said(answer) -> list[str]:
    return [error["message"] for error in answer.json()["errors"]]


def varies(answer) -> str:
    return answer.get("Vary", "") + answer.get("Content-Language", "")


def test_a_refusal_is_answered_and_recorded_in_english(german, wish):
    BadgeMetaFactory(name="Other")

    answer = german.earn(wish(triggeredBy={"ownerType": "Journeys", "referenceId": "1"}))

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
def test_a_fault_of_the_input_is_named_in_english(german, wish, changes, message):
    answer = german.earn(wish(**changes))

    assert message in said(answer)[0]
    assert message in RequestLog.objects.get().errors[0]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("get", EARN, 405, 'Method "GET" not allowed.'),
        ("get", f"{BADGES}/nothing", 404, "There is no such badge."),
        ("get", "/api_gateway/nowhere", 404, "There is nothing at this address."),
        ("post", EARN, 415, 'Unsupported media type "text/plain" in request.'),
    ],
)
def test_a_refusal_of_the_framework_is_in_english(german, method, path, status, message):
    more = {"data": "x", "content_type": "text/plain"} if method == "post" else {}

    answer = getattr(german.client, method)(path, headers=german.headers, **more)

    assert (answer.status_code, said(answer)) == (status, [message])
    assert "Accept-Language" not in varies(answer)


def test_who_is_unknown_is_told_in_english(german):
    answer = german.client.get(BADGES, headers=basic("nobody") | GERMAN)

    assert codes(answer) == [401]
    assert said(answer) == ["Valid credentials are needed."]


def test_the_refused_of_a_list_are_answered_and_recorded_in_english(german, wish, enrolled_badge):
    body = wish(badgeMetaId=enrolled_badge.pk, customerIds=[1, 2, 2], customerId="LEFT OUT")

    answer = german.post(LISTS, body)

    assert answer.status_code == 200
    assert answer.json()["warnings"][0]["message"] == "A customer named several times counts once."
    assert set(RefusedItem.objects.values_list("message", flat=True)) == {
        "The customer has no enrolment that covers the event date."
    }


def test_a_success_is_the_same_and_does_not_vary(api, german, wish):
    answers = [api.earn(wish()).headers, german.earn(wish()).headers]

    for headers in answers:
        assert "Accept-Language" not in headers.get("Vary", "")
        assert "Content-Language" not in headers


def test_an_answer_that_is_kept_for_a_repeat_is_in_english(german, wish):
    body = wish(triggeredBy={"ownerType": "Loyalty", "referenceId": "123694"})

    first = german.earn(body, **{"idempotency-key": "k"})
    again = german.earn(body, **{"idempotency-key": "k", "accept-language": "en"})

    assert first.content == again.content
    assert StoredAnswer.objects.get().body == first.text


def test_a_token_is_given_and_refused_in_english(german, integrator):
    refused = german.client.post("/o/token/", {"grant_type": "password"}, headers=german.headers)
    given = german.client.post(
        "/o/token/", {"grant_type": "client_credentials"}, headers=german.headers
    )

    assert refused.json()["error"] == "invalid_request"
    assert given.status_code == 200
    assert "Accept-Language" not in varies(refused) + varies(given)


def test_the_description_is_in_english(client):
    english, german = (
        client.get("/api/schema/", {"format": "json"}, headers={"accept-language": language})
        for language in ("en", "de")
    )

    assert german.content == english.content
    assert "Accept-Language" not in varies(german)
