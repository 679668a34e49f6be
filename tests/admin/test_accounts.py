"""Sign-in, sign-out and the change of one's own password."""

import json

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.db.models.signals import pre_save
from django.utils import timezone

from badges.models import Channel, Operation, RequestLog, RequestOutcome
from tests.factories import PASSWORD, UserFactory

LOG_IN, LOG_OUT, OWN = "/admin/login/", "/admin/logout/", "/admin/password_change/"
NEW_PASSWORD = "another horse, another battery"


def sign_in(client, username="maria", password=PASSWORD, **more):
    return client.post(LOG_IN, {"username": username, "password": password, **more})


def change(client, old=PASSWORD, new=NEW_PASSWORD):
    return client.post(OWN, {"old_password": old, "new_password1": new, "new_password2": new})


def the_row():
    return RequestLog.objects.get()


@pytest.mark.parametrize(
    ("more", "address"),
    [
        ({}, "/desk/"),
        ({"next": "/desk/find/"}, "/desk/find/"),
        ({"next": "https://elsewhere.example/"}, "/desk/"),
    ],
)
def test_a_sign_in_is_recorded_and_redirects(client, member_care, more, address):
    answer = sign_in(client, **more)

    assert (answer.status_code, answer.url) == (302, address)
    row = the_row()
    assert (row.operation, row.outcome) == (Operation.SIGN_IN, RequestOutcome.ACCEPTED)
    assert (row.user, row.channel) == (member_care, Channel.MEMBERCARE)
    assert json.loads(row.content) == {"address": "127.0.0.1"}
    member_care.refresh_from_db()
    assert member_care.last_login is not None


@pytest.mark.parametrize(
    ("username", "password", "kept"),
    [
        ("maria", "wrong", "maria"),
        (PASSWORD, PASSWORD, None),
        ("nobody", PASSWORD, None),
        ("former", PASSWORD, "former"),
        ("customer", PASSWORD, "customer"),
    ],
)
def test_a_failed_sign_in_is_recorded_without_the_typed_values(
    client, member_care, username, password, kept
):
    UserFactory(username="former", is_active=False)
    UserFactory(username="customer", is_staff=False)

    answer = sign_in(client, username, password)

    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session
    row = the_row()
    assert (row.operation, row.outcome, row.code) == (
        Operation.SIGN_IN,
        RequestOutcome.REFUSED,
        401,
    )
    assert row.user is None
    assert json.loads(row.content)["username"] == kept
    assert PASSWORD not in f"{row.content}{row.errors}"


@pytest.mark.parametrize(
    ("username", "password"), [("maria", ""), ("", PASSWORD), ("mar\0ia", PASSWORD)]
)
def test_an_empty_sign_in_form_is_not_recorded(client, member_care, username, password):
    assert sign_in(client, username, password).status_code == 200
    assert "_auth_user_id" not in client.session
    assert not RequestLog.objects.exists()


def test_too_many_failed_sign_ins_lock_the_user_out(client, member_care, settings):
    """The lock is for one user at one address, and refuses even the right password."""
    UserFactory(username="simon")
    for _time in range(settings.AXES_FAILURE_LIMIT - 1):
        assert sign_in(client, password="wrong").status_code == 200
    locked = sign_in(client, password="wrong")
    still = sign_in(client)

    for answer in (locked, still):
        assert (answer.status_code, answer["Retry-After"]) == (429, "900")
        assert "Too many attempts" in answer.text
        assert "_auth_user_id" not in client.session
    assert RequestLog.objects.latest("pk").errors[0]["message"].startswith("Too many attempts")

    assert sign_in(client, username="simon").status_code == 302
    client.logout()
    elsewhere = client.post(
        LOG_IN, {"username": "maria", "password": PASSWORD}, REMOTE_ADDR="192.0.2.7"
    )
    assert elsewhere.status_code == 302


def test_the_lockout_of_a_sign_in_ends(client, member_care, settings):
    for _time in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, password="wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME)

    assert sign_in(client).status_code == 302


def test_a_sign_in_resets_the_failure_count(client, member_care, settings):
    for _time in range(2):
        for _failure in range(settings.AXES_FAILURE_LIMIT - 1):
            sign_in(client, password="wrong")
        assert sign_in(client).status_code == 302
        client.logout()


def test_typed_credentials_are_stored_nowhere(client, member_care, caplog):
    """Users sometimes type their password into the field for the name."""
    for typed in (PASSWORD, "maria"):
        sign_in(client, username=typed, password=PASSWORD + "!")

    (first, second) = AccessAttempt.objects.order_by("pk")
    assert first.username != second.username
    kept = f"{list(AccessAttempt.objects.values())}{list(RequestLog.objects.values())}"
    assert PASSWORD not in kept + caplog.text


def test_a_sign_in_replaces_the_session_key(client, member_care):
    client.get(LOG_IN)
    session = client.session
    session["before"] = True
    session.save()
    before = client.session.session_key

    sign_in(client)

    assert client.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()


def test_a_sign_in_that_cannot_be_recorded_fails(client, member_care):
    def break_down(sender, **kwargs):
        raise OperationalError

    pre_save.connect(break_down, sender=RequestLog)
    with pytest.raises(OperationalError):
        sign_in(client)
    pre_save.disconnect(break_down, sender=RequestLog)

    member_care.refresh_from_db()
    assert member_care.last_login is None
    assert not Session.objects.exists()


def test_the_sign_in_page_is_themed_and_writes_nothing(client, db):
    answer = client.get(LOG_IN)

    assert 'name="username"' in answer.text
    assert answer.context["next"] == "/desk/"
    assert "BadgeAdmin" in answer.text
    assert not RequestLog.objects.exists()


def test_a_signed_in_user_is_redirected_from_the_sign_in_page(client, member_care):
    client.force_login(member_care)
    assert client.get(LOG_IN).url == "/desk/"


def test_a_sign_out_is_recorded(client, member_care):
    client.force_login(member_care)

    answer = client.post(LOG_OUT)

    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session
    assert (the_row().operation, the_row().user) == (Operation.SIGN_OUT, member_care)


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_anonymous_sign_out_is_not_recorded(client, db, method):
    assert getattr(client, method)(LOG_OUT).status_code == 302
    assert not RequestLog.objects.exists()


def test_a_get_of_the_sign_out_page_does_not_sign_out(client, member_care):
    client.force_login(member_care)
    assert client.get(LOG_OUT).status_code == 405
    assert "_auth_user_id" in client.session


def test_changing_the_own_password_keeps_the_session(client, member_care):
    client.force_login(member_care)

    answer = change(client)

    assert answer.url == "/admin/password_change/done/"
    assert client.get(answer.url).status_code == 200
    member_care.refresh_from_db()
    assert member_care.check_password(NEW_PASSWORD)
    assert (the_row().operation, the_row().user) == (Operation.SET_PASSWORD, member_care)
    assert NEW_PASSWORD not in the_row().content
    assert PASSWORD not in the_row().content


@pytest.mark.parametrize("given", [{"old": "wrong"}, {"new": "short"}])
def test_an_invalid_form_does_not_change_the_own_password(client, member_care, given):
    client.force_login(member_care)

    answer = change(client, **given)

    assert answer.status_code == 200
    assert answer.context["form"].errors
    member_care.refresh_from_db()
    assert member_care.check_password(PASSWORD)


def test_changing_the_own_password_requires_a_sign_in(client, db):
    assert client.get(OWN).url == f"{LOG_IN}?next={OWN}"
