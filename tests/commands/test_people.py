"""The commands that create administrators and set passwords write to the request log."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from badges.models import Channel, Integrator, Operation, RequestLog, RequestOutcome
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that sets the answers to the next prompts."""

    def type_in(*answers):
        given = iter(answers)
        monkeypatch.setattr("badges.management.passwords.getpass", lambda prompt: next(given))
        monkeypatch.setattr("builtins.input", lambda prompt: next(given))

    return type_in


def run(*arguments):
    stdout = StringIO()
    call_command(*arguments, stdout=stdout)
    return stdout.getvalue()


def test_an_administrator_is_created_at_the_terminal(terminal):
    terminal("root", PASSWORD, PASSWORD)

    printed = run("createsuperuser")

    user = User.objects.get()
    assert (user.username, user.is_staff, user.is_superuser) == ("root", True, True)
    assert user.check_password(PASSWORD)
    row = RequestLog.objects.get()
    assert (row.operation, row.channel, row.user) == (Operation.CREATE_USER, Channel.COMMAND, None)
    assert PASSWORD not in row.content + printed


def test_an_administrator_is_created_from_the_environment(monkeypatch):
    for name, value in {"USERNAME": "root", "EMAIL": "r@example.org", "PASSWORD": PASSWORD}.items():
        monkeypatch.setenv(f"DJANGO_SUPERUSER_{name}", value)

    run("createsuperuser", "--noinput")

    assert User.objects.get(username="root", email="r@example.org").check_password(PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "answers", "message"),
    [
        (["--username", "maria"], [PASSWORD, PASSWORD], "taken"),
        (["--username", "root"], ["short", "short"], "too short"),
        (["--username", "root"], [PASSWORD, "other"], "differ"),
        (["--username", "root"], [""], "missing"),
        (["--noinput"], [], "missing"),
    ],
)
def test_an_invalid_administrator_is_refused_with_a_message(
    terminal, member_care, arguments, answers, message
):
    terminal(*answers)
    with pytest.raises(CommandError, match=message):
        run("createsuperuser", *arguments)

    assert User.objects.get() == member_care
    assert not RequestLog.objects.accepted().exists()


def test_a_password_is_set_at_the_terminal(terminal):
    user = UserFactory(username="nina")
    terminal("another horse, another battery", "another horse, another battery")

    run("changepassword", "nina")

    user.refresh_from_db()
    assert user.check_password("another horse, another battery")
    row = RequestLog.objects.get()
    assert (row.operation, row.channel) == (Operation.SET_PASSWORD, Channel.COMMAND)


def test_a_weak_password_is_not_set_at_the_terminal(terminal):
    user = UserFactory(username="nina")
    terminal("short", "short")
    with pytest.raises(CommandError, match="too short"):
        run("changepassword", "nina")

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert RequestLog.objects.get().outcome == RequestOutcome.REFUSED


def test_the_password_of_an_unknown_user_is_not_set():
    with pytest.raises(CommandError, match="no user nobody"):
        run("changepassword", "nobody")


def test_the_commands_of_the_oauth_toolkit_are_disabled():
    with pytest.raises(CommandError, match="create_integrator"):
        run("createapplication", "confidential", "client-credentials")

    assert not Integrator.objects.exists()
