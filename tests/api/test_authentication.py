"""Integrators authenticate with id and secret or with a token; all others are refused."""

import json
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models.signals import pre_save
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from badges.models import Channel, EarnedBadge, Operation, RequestLog, RequestOutcome
from badges.services.access import sign_in
from tests.api.conftest import EARN, TRIGGER, ApiClient, basic, codes, references, token_for
from tests.factories import PASSWORD, IntegratorFactory

pytestmark = pytest.mark.django_db

INVALID_CREDENTIALS = {
    "nobody": {"authorization": ""},
    "an unknown scheme": {"authorization": "Digest abc"},
    "Basic without anything": {"authorization": "Basic"},
    "Basic that is no base64": {"authorization": "Basic %%%"},
    "Basic without a colon": {"authorization": "Basic bm9jb2xvbg=="},
    "Basic with NUL": basic("loyalty-engine", "\0"),
    "an unknown client": basic("nobody"),
    "a wrong secret": basic("loyalty-engine", "wrong"),
    "no secret": basic("loyalty-engine", ""),
    "a member of staff": basic("maria", PASSWORD),
    "a made-up token": {"authorization": "Bearer made-up"},
    "an empty token": {"authorization": "Bearer "},
}


@pytest.mark.parametrize("headers", INVALID_CREDENTIALS.values(), ids=INVALID_CREDENTIALS)
def test_invalid_credentials_are_refused(api, earn_body, member_care, headers):
    answer = api.earn(earn_body(), **headers)

    assert answer.status_code == 401
    assert codes(answer) == [401]
    assert answer["WWW-Authenticate"] == 'Basic realm="badges", Bearer realm="badges"'
    assert not EarnedBadge.objects.exists()
    row = RequestLog.objects.get()
    assert (row.operation, row.channel, row.code) == (Operation.SIGN_IN, Channel.API, 401)
    assert (row.integrator, row.user, row.request_id) == (None, None, None)
    assert "wrong" not in row.content
    assert PASSWORD not in row.content


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-mode": "cors"}, {"referer": "http://testserver/api/docs/"}],
    ids=["a fetch on a secure origin", "the page of the documentation"],
)
def test_a_script_in_a_browser_gets_no_challenge_for_basic(api, earn_body, headers):  # F20
    answer = api.earn(earn_body(), **basic("loyalty-engine", "wrong"), **headers)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="badges"'


@pytest.mark.parametrize("headers", [{"sec-fetch-mode": "navigate"}, {"referer": "malformed://["}])
def test_a_browser_that_opens_an_address_gets_both_challenges(api, earn_body, headers):
    answer = api.earn(earn_body(), **basic("loyalty-engine", "wrong"), **headers)

    assert answer["WWW-Authenticate"] == 'Basic realm="badges", Bearer realm="badges"'


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (basic("loyalty-engine", "wrong"), "loyalty-engine"),
        (basic("maria", PASSWORD), None),
        (basic("a password perhaps"), None),
        ({"authorization": "Bearer made-up"}, None),
    ],
)
def test_only_an_existing_client_id_is_recorded(api, earn_body, headers, name):
    api.earn(earn_body(), **headers)

    content = json.loads(RequestLog.objects.get().content)
    assert content == {"client_id": name, "address": "127.0.0.1"}


def test_a_flood_of_invalid_credentials_does_not_fill_the_log(api, earn_body, monkeypatch):
    monkeypatch.setattr(sign_in, "MAX_LOGGED_REFUSALS_PER_MINUTE", 3)

    answers = [api.earn(earn_body(), authorization="Basic %%%").status_code for _time in range(5)]

    assert answers == [401] * 5
    assert RequestLog.objects.count() == 3


def test_failed_sign_ins_of_users_do_not_count_for_the_log_limit_of_the_api(
    api, earn_body, monkeypatch
):
    monkeypatch.setattr(sign_in, "MAX_LOGGED_REFUSALS_PER_MINUTE", 1)
    sign_in.refuse_sign_in(username="maria", address="192.0.2.1", message="Wrong.")

    for _time in range(2):
        api.earn(earn_body(), authorization="Basic %%%")

    channels = RequestLog.objects.order_by("pk").values_list("channel", flat=True)
    assert list(channels) == [Channel.MEMBERCARE, Channel.API]


def test_invalid_credentials_are_recorded_again_a_minute_after_a_flood(api, earn_body, monkeypatch):
    monkeypatch.setattr(sign_in, "MAX_LOGGED_REFUSALS_PER_MINUTE", 3)
    for _time in range(3):
        api.earn(earn_body(), authorization="Basic %%%")
    monkeypatch.setattr(sign_in, "MINUTE", timedelta())

    api.earn(earn_body(), authorization="Basic %%%")

    assert RequestLog.objects.count() == 4


def test_a_token_authenticates_its_integrator(client, api, earn_body, integrator):
    token = token_for(client, integrator)

    answer = api.earn(earn_body(), authorization=f"Bearer {token}")

    assert answer.status_code == 200
    rows = RequestLog.objects.order_by("pk").values_list("operation", "outcome", "integrator")
    assert list(rows) == [
        (Operation.ISSUE_TOKEN, RequestOutcome.ACCEPTED, integrator.pk),
        (Operation.EARN, RequestOutcome.ACCEPTED, integrator.pk),
    ]
    assert not any(token in row.content for row in RequestLog.objects.all())
    stored = get_access_token_model().objects.get()
    assert (stored.token, stored.expires < timezone.now() + timedelta(minutes=15)) == ("", True)


def test_an_expired_token_is_refused(client, api, earn_body, integrator):
    token = token_for(client, integrator)
    get_access_token_model().objects.update(expires=timezone.now() - timedelta(seconds=1))

    assert api.earn(earn_body(), authorization=f"Bearer {token}").status_code == 401
    assert not EarnedBadge.objects.exists()


def test_a_token_in_the_body_or_the_query_is_ignored(client, api, earn_body, integrator):
    token = token_for(client, integrator)
    api.headers = {}

    assert api.earn(earn_body() | {"access_token": token}).status_code == 401
    assert api.post(f"{EARN}?access_token={token}", earn_body()).status_code == 401


@pytest.mark.parametrize("grant", ["password", "authorization_code", "implicit", ""])
def test_other_grants_give_no_token(client, integrator, grant):
    answer = client.post(
        "/o/token/",
        {"grant_type": grant, "username": "maria", "password": PASSWORD},
        headers=basic(integrator.client_id),
    )

    assert answer.status_code == 400
    assert "access_token" not in answer.json()
    row = RequestLog.objects.get()
    assert (row.operation, row.integrator, row.code) == (Operation.ISSUE_TOKEN, None, 401)
    assert row.errors[0]["message"] == answer.json()["error"]
    assert PASSWORD not in row.content


def test_a_wrong_secret_gives_no_token(client, integrator):
    answer = client.post(
        "/o/token/",
        {"grant_type": "client_credentials"},
        headers=basic(integrator.client_id, "wrong"),
    )

    assert answer.status_code == 401
    row = RequestLog.objects.get()
    assert (row.operation, row.integrator) == (Operation.ISSUE_TOKEN, None)
    assert json.loads(row.content)["client_id"] == integrator.client_id


def test_a_token_that_cannot_be_recorded_is_not_issued(client, integrator):
    def break_down(sender, **kwargs):
        raise OperationalError

    pre_save.connect(break_down, sender=RequestLog)
    with pytest.raises(OperationalError):
        token_for(client, integrator)
    pre_save.disconnect(break_down, sender=RequestLog)

    assert not get_access_token_model().objects.exists()


def test_an_inactive_integrator_is_refused_immediately(client, api, earn_body, integrator):
    token = token_for(client, integrator)
    integrator.active = False
    integrator.save()

    assert api.earn(earn_body()).status_code == 401
    assert api.earn(earn_body(), authorization=f"Bearer {token}").status_code == 401


def test_an_expired_integrator_is_refused(client, api, earn_body, integrator):
    token = token_for(client, integrator)
    integrator.ends_at = timezone.now()
    integrator.save()

    assert api.earn(earn_body()).status_code == 401
    assert api.earn(earn_body(), authorization=f"Bearer {token}").status_code == 401
    asked = {"grant_type": "client_credentials"}
    answer = client.post("/o/token/", asked, headers=basic(integrator.client_id))
    assert answer.status_code == 401
    assert not EarnedBadge.objects.exists()


@pytest.mark.parametrize("changes", [{}, {"badgeMetaId": "LEFT OUT"}, {"badgeMetaId": "0" * 24}])
def test_an_integrator_is_limited_to_its_owner_types(api, earn_body, integrator, changes):
    integrator.owner_types = ["Journeys"]
    integrator.save()

    answer = api.earn(earn_body(requestId="mine", **changes))

    assert answer.status_code == 403
    assert codes(answer) == [403]
    assert references(answer) == ["triggeredBy.ownerType"]
    assert not EarnedBadge.objects.exists()
    assert (RequestLog.objects.get().code, RequestLog.objects.get().request_id) == (403, "mine")


@pytest.mark.parametrize("verb", ["claim", "unclaim"])
def test_an_integrator_claims_only_for_its_owner_types(api, live_badge, integrator, verb):
    integrator.owner_types = ["Journeys"]
    integrator.save()

    answer = api.post(f"/api_gateway/v1/badges/badgeMeta/{live_badge.pk}/{verb}", TRIGGER)

    assert answer.status_code == 403
    assert references(answer) == ["ownerType"]
    assert live_badge.claims.active().exists()


def test_an_integrator_without_the_permission_is_refused_and_recorded(earn_body):
    reader = IntegratorFactory(access_groups=[])

    answer = ApiClient(reader.client_id).earn(earn_body(requestId="mine"))

    assert answer.status_code == 403
    assert codes(answer) == [403]
    assert not EarnedBadge.objects.exists()
    request = RequestLog.objects.get()
    assert (request.integrator, request.code, request.request_id) == (reader, 403, "mine")


def test_the_secret_of_an_integrator_is_stored_as_a_hash(integrator):
    integrator.refresh_from_db()

    assert integrator.client_secret.startswith("integrator_secret$")
    assert "a-secret" not in integrator.client_secret


@pytest.mark.parametrize(
    "path", ["/o/applications/", "/o/authorize/", "/o/introspect/", "/o/device/", "/o/register/"]
)
def test_the_oauth_toolkit_has_no_other_routes(client, path):
    assert client.get(path).status_code == 404
