"""Two secrets for a while: both work for Basic and for tokens, until the older one has run out."""

from datetime import timedelta

import pytest
from django.utils import timezone

from badges.models import Channel, EarnedBadge, Integrator
from badges.services.integrators import revoke_integrator, rotate_secret
from badges.services.requests import Origin
from tests.api.conftest import ApiClient, basic
from tests.factories import SECRET

pytestmark = pytest.mark.django_db

DAY = timedelta(hours=24)
COMMAND = Origin(channel=Channel.COMMAND)


def rotated(integrator, overlap=DAY):
    return rotate_secret(origin=COMMAND, integrator_id=integrator.pk, overlap=overlap)[1]


def token(client, integrator, secret, *, in_body=False):
    asked = {"grant_type": "client_credentials"}
    if in_body:
        asked |= {"client_id": integrator.client_id, "client_secret": secret}
        return client.post("/o/token/", asked)
    return client.post("/o/token/", asked, headers=basic(integrator.client_id, secret))


def call(integrator, secret, wish):
    api = ApiClient(integrator.client_id)
    api.headers = basic(integrator.client_id, secret)
    return api.earn(wish()).status_code


@pytest.mark.parametrize("in_body", [False, True])
def test_both_secrets_work_while_they_overlap(client, integrator, wish, in_body):
    new = rotated(integrator)

    for secret in (SECRET, new):
        assert call(integrator, secret, wish) == 200
        answer = token(client, integrator, secret, in_body=in_body)
        assert answer.status_code == 200
        bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
        assert ApiClient(integrator.client_id).earn(wish(), **bearer).status_code == 200
    assert EarnedBadge.objects.count() == 4
    integrator.refresh_from_db()
    assert integrator.knows(new)
    assert not integrator.previous_secret.startswith(SECRET)


@pytest.mark.parametrize("in_body", [False, True])
@pytest.mark.parametrize("end", ["run out", "no overlap", "rotated again", "wrong"])
def test_an_older_secret_is_refused(client, integrator, wish, end, in_body):
    new = rotated(integrator, timedelta(0) if end == "no overlap" else DAY)
    if end == "run out":
        Integrator.objects.update(previous_secret_ends_at=timezone.now())
    if end == "rotated again":
        new = rotated(integrator)
    secret = "wrong" if end == "wrong" else SECRET

    assert call(integrator, secret, wish) == 401
    assert token(client, integrator, secret, in_body=in_body).status_code == 401
    assert call(integrator, new, wish) == 200
    assert EarnedBadge.objects.count() == 1


def test_a_revoked_integrator_is_refused_with_all_it_has(client, integrator, wish):
    new = rotated(integrator)
    bearer = token(client, integrator, SECRET).json()["access_token"]

    revoke_integrator(origin=COMMAND, integrator_id=integrator.pk)

    for secret in (SECRET, new):
        assert call(integrator, secret, wish) == 401
        assert token(client, integrator, secret).status_code == 401
    api = ApiClient(integrator.client_id)
    assert api.earn(wish(), authorization=f"Bearer {bearer}").status_code == 401
    assert not EarnedBadge.objects.exists()


def test_an_empty_previous_secret_is_none(client, integrator, wish):
    Integrator.objects.update(previous_secret="", previous_secret_ends_at=timezone.now() + DAY)

    assert call(integrator, "", wish) == 401
    assert token(client, integrator, "").status_code == 401
