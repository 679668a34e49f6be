"""Rotation of secrets: both secrets work for Basic and for tokens until the older one expires."""

from datetime import timedelta

import pytest
from django.db.models.signals import pre_save
from django.utils import timezone
from oauth2_provider.models import AccessToken

from badges.models import Channel, EarnedBadge, Integrator, Operation, RequestLog
from badges.services.access.integrators import revoke_integrator, rotate_secret, update_integrator
from badges.services.request_log import Origin
from tests.api.conftest import ApiClient, basic
from tests.factories import SECRET, IntegratorFactory

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


def call(integrator, secret, earn_body):
    api = ApiClient(integrator.client_id)
    api.headers = basic(integrator.client_id, secret)
    return api.earn(earn_body()).status_code


@pytest.mark.parametrize("in_body", [False, True])
def test_both_secrets_are_valid_during_the_overlap(client, integrator, earn_body, in_body):
    new = rotated(integrator)

    for secret in (SECRET, new):
        assert call(integrator, secret, earn_body) == 200
        answer = token(client, integrator, secret, in_body=in_body)
        assert answer.status_code == 200
        bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
        assert ApiClient(integrator.client_id).earn(earn_body(), **bearer).status_code == 200
    assert EarnedBadge.objects.count() == 4
    integrator.refresh_from_db()
    assert integrator.knows(new)
    assert not integrator.previous_secret.startswith(SECRET)


@pytest.mark.parametrize("in_body", [False, True])
@pytest.mark.parametrize("end", ["run out", "no overlap", "rotated again", "wrong"])
def test_an_older_secret_is_refused(client, integrator, earn_body, end, in_body):
    new = rotated(integrator, timedelta(0) if end == "no overlap" else DAY)
    if end == "run out":
        Integrator.objects.update(previous_secret_ends_at=timezone.now())
    if end == "rotated again":
        new = rotated(integrator)
    secret = "wrong" if end == "wrong" else SECRET

    assert call(integrator, secret, earn_body) == 401
    assert token(client, integrator, secret, in_body=in_body).status_code == 401
    assert call(integrator, new, earn_body) == 200
    assert EarnedBadge.objects.count() == 1


def test_a_revoked_integrator_is_refused_with_both_secrets_and_its_token(
    client, integrator, earn_body
):
    new = rotated(integrator)
    bearer = token(client, integrator, SECRET).json()["access_token"]

    revoke_integrator(origin=COMMAND, integrator_id=integrator.pk)

    for secret in (SECRET, new):
        assert call(integrator, secret, earn_body) == 401
        assert token(client, integrator, secret).status_code == 401
    api = ApiClient(integrator.client_id)
    assert api.earn(earn_body(), authorization=f"Bearer {bearer}").status_code == 401
    assert not EarnedBadge.objects.exists()


def test_an_empty_previous_secret_is_invalid(client, integrator, earn_body):
    Integrator.objects.update(previous_secret="", previous_secret_ends_at=timezone.now() + DAY)

    assert call(integrator, "", earn_body) == 401
    assert token(client, integrator, "").status_code == 401


def switch(integrator, *, active):
    update_integrator(origin=COMMAND, integrator_id=integrator.pk, active=active)


ENDS = {
    "rotated without an overlap": lambda one: rotated(one, timedelta(0)),
    "revoked": lambda one: revoke_integrator(origin=COMMAND, integrator_id=one.pk),
    "switched off by a form": lambda one: switch(one, active=False),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_token_ends_with_the_secret_it_was_issued_for(client, integrator, earn_body, end):
    other = IntegratorFactory()
    bearers = [
        {"authorization": f"Bearer {token(client, one, SECRET).json()['access_token']}"}
        for one in (integrator, other)
    ]
    assert ApiClient(integrator.client_id).earn(earn_body(), **bearers[0]).status_code == 200

    ENDS[end](integrator)
    assert ApiClient(integrator.client_id).earn(earn_body(), **bearers[0]).status_code == 401
    if end != "rotated without an overlap":
        switch(integrator, active=True)
    assert ApiClient(integrator.client_id).earn(earn_body(), **bearers[0]).status_code == 401
    assert ApiClient(other.client_id).earn(earn_body(), **bearers[1]).status_code == 200


@pytest.mark.parametrize("end", ENDS)
def test_no_token_is_issued_for_a_secret_that_ends_during_the_request(client, integrator, end):
    """The secret ends between its verification and the insert of the token."""

    def between(sender, instance, **kwargs):
        if instance.operation == Operation.ISSUE_TOKEN:
            pre_save.disconnect(between, sender=RequestLog)
            ENDS[end](Integrator.objects.get(pk=integrator.pk))

    pre_save.connect(between, sender=RequestLog)
    answer = token(client, integrator, SECRET)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert not AccessToken.objects.exists()


def test_a_token_is_issued_despite_other_changes_of_the_integrator(client, integrator):
    def between(sender, instance, **kwargs):
        if instance.operation == Operation.ISSUE_TOKEN:
            Integrator.objects.update(stamp=1)

    pre_save.connect(between, sender=RequestLog)
    try:
        assert token(client, integrator, SECRET).status_code == 200
    finally:
        pre_save.disconnect(between, sender=RequestLog)
