"""The system checks report each configuration error, and accept valid settings."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from badges.checks import NON_NEGATIVE_SETTINGS
from badges.rate_limits import WORKERS

pytestmark = pytest.mark.django_db


def found() -> set[str]:
    return {message.id for message in run_checks() if message.id.startswith("badges.")}


def test_valid_settings_pass(settings):
    settings.SECOND_FACTOR_FOR = ["Supervisor", "superuser"]
    settings.METRICS_TOKEN = "a-token-of-more-than-twenty"
    assert not found()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SECOND_FACTOR_FOR", ["Supervisr"], "badges.E010"),
        ("AUDIT_SIGNING_KEY", "/dev/null/no/such/key.pem", "badges.E002"),
        ("AUDIT_PSEUDONYM_KEY", "/dev/null/no/such.key", "badges.E002"),
        ("AUDIT_HEADS", "/dev/null/no/heads.jsonl", "badges.E002"),
        ("MEDIA_ROOT", "/dev/null/no/media", "badges.E003"),
        ("METRICS_TOKEN", "short", "badges.W004"),
        ("ORG_ID", 0, "badges.E007"),
        ("LOG_FORMAT", "xml", "badges.E008"),
        ("ALLOWED_HOSTS", ["*"], "badges.W009"),
        ("SESSION_IDLE_TIMEOUT", 0, "badges.E011"),
        ("SESSION_IDLE_TIMEOUT", 24 * 60 * 60, "badges.E011"),
        ("SESSION_ABSOLUTE_TIMEOUT", 60, "badges.E011"),
        *((name, -1, "badges.E007") for name in NON_NEGATIVE_SETTINGS),
    ],
)
def test_a_mistake_in_the_settings_is_named(settings, name, value, expected):
    setattr(settings, name, value)
    assert found() == {expected}


def test_debug_with_tls_is_refused(settings):
    settings.DEBUG = settings.HTTPS = True
    assert "badges.E005" in found()


def test_an_access_group_of_the_database_is_a_role(settings, django_user_model):
    from django.contrib.auth.models import Group

    Group.objects.create(name="Night shift")
    settings.SECOND_FACTOR_FOR = ["Night shift"]
    assert not found()


def test_several_workers_on_sqlite_are_reported(monkeypatch):
    from django.db import connection

    monkeypatch.setenv(WORKERS, "2")
    assert ("badges.W006" in found()) == (connection.vendor == "sqlite")


def test_the_command_fails_on_an_error_and_prints_the_hint(settings):
    settings.SECOND_FACTOR_FOR = ["Supervisr"]
    with pytest.raises(SystemCheckError) as refusal:
        call_command("check")
    assert "badges.E010" in str(refusal.value)
    assert "Supervisor" in str(refusal.value)
