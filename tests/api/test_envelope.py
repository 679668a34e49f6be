"""Every response of the API has the envelope, even after an error."""

import pytest
from django.db import OperationalError, connection
from django.test import Client

from badges.models import EarnedBadge
from tests.api.conftest import EARN, codes
from tests.api.faults import Broken

pytestmark = pytest.mark.django_db


API = "/api_gateway/"


def test_an_unexpected_error_is_logged_and_not_revealed(api, earn_body, caplog):
    with connection.execute_wrapper(Broken(RuntimeError("the secret of the house"))):
        answer = api.earn(earn_body())

    assert answer.status_code == 500
    assert codes(answer) == [999999]
    assert b"secret of the house" not in answer.content
    assert "secret of the house" in caplog.text
    assert not EarnedBadge.objects.exists()


def test_an_unavailable_database_is_answered_with_503(api, earn_body):
    with connection.execute_wrapper(Broken(OperationalError("gone"))):
        answer = api.earn(earn_body())

    assert answer.status_code == 503
    assert codes(answer) == [503]
    assert int(answer["Retry-After"]) >= 1


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options", "patch"])
@pytest.mark.parametrize(
    "path",
    ["/api_gateway/", "/api_gateway/v1/badges/", "/api_gateway/v1/badges/no/where", EARN + "/"],
)
def test_the_response_for_an_unknown_address_has_the_envelope(method, path):
    answer = getattr(Client(enforce_csrf_checks=True), method)(path)

    assert answer.status_code == 404
    assert codes(answer) == [404]


@pytest.mark.parametrize("method", ["get", "put", "delete", "options", "patch"])
def test_the_response_for_an_unknown_method_has_the_envelope(api, method):
    answer = getattr(api.client, method)(EARN, headers=api.headers)

    assert answer.status_code == 405
    assert codes(answer) == [405]
    assert answer["Allow"]


def test_a_disallowed_host_is_refused_in_the_envelope(api):
    answer = api.client.post(EARN, headers=api.headers | {"host": "evil.example"})

    assert answer.status_code == 400
    assert codes(answer) == [400]
