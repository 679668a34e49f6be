"""The command that creates an integrator."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command

from badges.models import Channel, Integrator, RequestLog
from tests.factories import IntegratorFactory

pytestmark = pytest.mark.django_db


def create(*arguments):
    stdout = StringIO()
    call_command("create_integrator", *arguments, stdout=stdout)
    return stdout.getvalue()


def test_create_integrator_prints_json_with_a_valid_secret():
    printed = json.loads(create("Loyalty engine", "--json"))

    integrator = Integrator.objects.get()
    assert set(printed) == {"name", "client_id", "client_secret"}
    assert printed["name"] == "Loyalty engine"
    assert printed["client_id"] == integrator.client_id
    assert check_password(printed["client_secret"], integrator.client_secret)
    assert [group.name for group in integrator.access_groups.all()] == ["Default"]


def test_create_integrator_prints_text_by_default():
    printed = create("Loyalty engine")

    assert "Client id: " + Integrator.objects.get().client_id in printed
    assert "cannot be shown again" in printed


def test_create_integrator_accepts_several_access_groups():
    create("Loyalty engine", "--access-group", "Default", "--access-group", "Auditor")

    names = Integrator.objects.get().access_groups.values_list("name", flat=True)
    assert set(names) == {"Default", "Auditor"}


def test_create_integrator_accepts_the_limits_of_the_integrator():
    create("One", "--owner-type", "Loyalty", "--owner-type", "Journeys", "--ends-at", "2099-12-31")
    create("Two", "--ends-at", "2099-12-31T12:00:00+02:00")

    one, two = Integrator.objects.order_by("name")
    assert (one.owner_types, two.owner_types) == (["Loyalty", "Journeys"], [])
    assert one.ends_at == datetime(2099, 12, 31, tzinfo=UTC)
    assert two.ends_at == datetime(2099, 12, 31, 10, tzinfo=UTC)


def test_create_integrator_writes_a_row_of_the_request_log():
    create("Loyalty engine", "--json")

    assert RequestLog.objects.get().channel == Channel.COMMAND


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Taken"], "Another integrator has this name"),
        (["  Taken "], "Another integrator has this name"),
        ([""], "1 to 255 characters"),
        (["   "], "1 to 255 characters"),
        (["x" * 256], "1 to 255 characters"),
        (["New", "--access-group", "Nobody"], "no access group Nobody"),
        (["New", "--owner-type", "loyalty"], "loyalty is no owner type"),
        (["New", "--ends-at", "soon"], "--ends-at"),
    ],
)
def test_create_integrator_refuses_invalid_options_with_a_message(arguments, message):
    IntegratorFactory(name="Taken")

    with pytest.raises(CommandError, match=message):
        create(*arguments)

    assert Integrator.objects.count() == 1
    assert not RequestLog.objects.accepted().exists()
