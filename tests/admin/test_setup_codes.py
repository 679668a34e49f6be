"""Users who must have a second factor set it up with a code from an administrator."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from threading import Barrier

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from badges.errors import BadgeError
from badges.models import Channel, Operation, RequestLog, RequestOutcome, UserSecurity
from badges.services.access import second_factor
from badges.services.access.credentials import active_person
from badges.services.request_log import Origin
from tests.admin.conftest import user_post
from tests.admin.second_factors import LOG_IN, OWN, is_signed_in, set_up
from tests.conftest import in_thread
from tests.factories import PASSWORD, UserFactory
from tests.services.access.second_factors import code_of

USERS = "/admin/auth/user/"
COMMAND = Origin(channel=Channel.COMMAND)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forgetful(unguarded):
    """Allow these tests to delete the log rows of their set-up."""


@pytest.fixture
def required(settings):
    settings.SECOND_FACTOR_FOR = ["MemberCare", "superuser"]


def code_in(text):
    """Return the only set-up code in the text of a page or a command."""
    (code,) = [word for word in text.replace("<", " ").replace(">", " ").split() if is_code(word)]
    return code


def is_code(word):
    first, dash, second = word.partition("-")
    return dash == "-" and len(first) == len(second) == 5 and (first + second).isalnum()


def type_password(browser):
    return browser.post(LOG_IN, {"username": "maria", "password": PASSWORD})


def type_codes(browser, setup_code, **more):
    """Post a set-up code and, by default, the right code of the app."""
    browser.get(OWN)
    code = code_of(browser.session["second_factor_key"])
    return browser.post(OWN, {"code": code, "setup_code": setup_code, **more}, follow=True)


def reset_by(administrator, *people):
    post = {"action": "reset_second_factor", "_selected_action": [person.pk for person in people]}
    return administrator.post(USERS, post, follow=True)


def test_the_password_alone_sets_up_no_second_factor(client, member_care, required):
    assert type_password(client).url == OWN
    assert "you also need a set-up code" in client.get(OWN).text

    for more in ({}, {"setup_code": ""}, {"setup_code": "aaaaa-aaaaa"}):
        code = code_of(client.session["second_factor_key"])
        assert "desk-errors" in client.post(OWN, {"code": code, **more}).text

    assert not TOTPDevice.objects.exists()
    assert not is_signed_in(client)


@pytest.mark.parametrize("is_required", [True, False])
def test_a_reset_requires_a_setup_code(client, admin_client, member_care, settings, is_required):
    set_up(member_care)
    settings.SECOND_FACTOR_FOR = ["MemberCare"] if is_required else []
    page = reset_by(admin_client, member_care)
    assert "no-store" in page["Cache-Control"]
    handed_out = code_in(page.text)
    type_password(client)
    assert is_signed_in(client) is not is_required
    assert "desk-errors" in type_codes(client, "aaaaa-aaaaa").text
    assert not TOTPDevice.objects.exists()

    answer = type_codes(client, f" {handed_out.upper()} ")

    assert "sign-in-codes" in answer.text
    assert is_signed_in(client)


def test_the_first_second_factor_needs_no_setup_code(client, member_care):
    type_password(client)
    assert 'name="setup_code"' not in client.get(OWN).text
    code = code_of(client.session["second_factor_key"])
    assert "sign-in-codes" in client.post(OWN, {"code": code}, follow=True).text


def test_a_setup_code_is_valid_once_and_stored_as_a_hash(client, member_care, required):
    handed_out = second_factor.reset(origin=COMMAND, user=member_care).text
    kept = f"{list(UserSecurity.objects.values())}{list(RequestLog.objects.values())}"
    assert handed_out not in kept
    assert handed_out.replace("-", "") not in kept
    type_password(client)
    type_codes(client, handed_out)
    assert is_signed_in(client)

    TOTPDevice.objects.all().delete()
    thief = Client()
    type_password(thief)
    type_codes(thief, handed_out)

    assert not is_signed_in(thief)
    assert not TOTPDevice.objects.exists()


def test_a_wrong_code_of_the_app_does_not_use_the_setup_code(client, member_care, required):
    handed_out = second_factor.reset(origin=COMMAND, user=member_care).text
    type_password(client)
    type_codes(client, handed_out, code="000000")
    assert not is_signed_in(client)

    type_codes(client, handed_out)

    assert is_signed_in(client)


@pytest.mark.parametrize("change", ["ended", "replaced", "of another"])
def test_other_setup_codes_are_invalid(client, member_care, supervisor, required, change):
    owner = supervisor if change == "of another" else member_care
    handed_out = second_factor.reset(origin=COMMAND, user=owner).text
    if change == "ended":
        UserSecurity.objects.update(setup_code_ends_at=timezone.now() - timedelta(seconds=1))
    elif change == "replaced":
        second_factor.reset(origin=COMMAND, user=member_care)
    type_password(client)

    assert "Ask an administrator for a new one" in type_codes(client, handed_out).text

    assert not TOTPDevice.objects.exists()


def test_an_expired_setup_code_is_still_required(client, member_care):
    second_factor.reset(origin=COMMAND, user=member_care)
    UserSecurity.objects.update(setup_code_ends_at=timezone.now() - timedelta(seconds=1))
    type_password(client)

    type_codes(client, "")

    assert not TOTPDevice.objects.exists()


def test_five_wrong_setup_codes_require_the_password_again(client, member_care, required):
    handed_out = second_factor.reset(origin=COMMAND, user=member_care).text
    type_password(client)
    answers = [type_codes(client, "aaaaa-aaaaa") for _time in range(5)]
    assert [answer.redirect_chain for answer in answers] == [[]] * 4 + [[(LOG_IN, 302)]]
    assert client.get(OWN).url == LOG_IN

    assert client.post(OWN, {"code": "000000", "setup_code": handed_out}).url == LOG_IN


def test_a_request_in_progress_sets_up_nothing_after_a_reset(client, member_care, required):
    """The set-up code was valid when the form was sent. The reset happens before the check."""
    handed_out = second_factor.reset(origin=COMMAND, user=member_care).text
    type_password(client)

    def reset(sender, instance, **kwargs):
        if instance.operation == Operation.ADD_SECOND_FACTOR:
            pre_save.disconnect(reset, sender=RequestLog)
            second_factor.reset(origin=COMMAND, user=member_care)

    pre_save.connect(reset, sender=RequestLog)
    type_codes(client, handed_out)

    assert not TOTPDevice.objects.exists()
    assert not is_signed_in(client)


@pytest.mark.django_db(transaction=True)
def test_a_setup_code_used_concurrently_sets_up_one_second_factor(member_care):
    handed_out = second_factor.reset(origin=COMMAND, user=member_care).text
    person, start = active_person(member_care.pk), Barrier(2)

    def add():
        key = second_factor.new_key()
        start.wait(timeout=30)
        try:
            second_factor.add(
                origin=COMMAND, user=person, key=key, code=code_of(key), setup_code=handed_out
            )
        except BadgeError as refusal:
            return int(refusal.code)

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(in_thread, add) for _time in range(2)]
        answers = [call.result(timeout=60) for call in running]

    assert answers.count(None) == 1
    assert set(answers) <= {None, 400, 401}
    assert TOTPDevice.objects.count() == 1


class TestSetupCodes:
    def test_a_role_that_requires_a_second_factor_issues_a_setup_code(
        self, client, admin_client, settings
    ):
        settings.SECOND_FACTOR_FOR = ["MemberCare"]
        nina = UserFactory(username="maria")
        groups = [Group.objects.get(name="MemberCare").pk]
        post = user_post(nina, groups=groups)
        page = admin_client.post(f"{USERS}{nina.pk}/change/", post, follow=True)

        handed_out = code_in(page.text)
        assert "no-store" in page["Cache-Control"]
        type_password(client)
        assert "sign-in-codes" in type_codes(client, handed_out).text

    @pytest.mark.parametrize("has_one_already", ["code", "factor"])
    def test_an_edit_issues_no_further_setup_code(
        self, admin_client, member_care, settings, has_one_already
    ):
        if has_one_already == "code":
            second_factor.reset(origin=COMMAND, user=member_care)
        else:
            set_up(member_care)
        settings.SECOND_FACTOR_FOR = ["MemberCare"]
        kept = UserSecurity.objects.get(user=member_care).setup_code

        answer = admin_client.post(
            f"{USERS}{member_care.pk}/change/", user_post(member_care, email="m@example.org")
        )

        assert answer.status_code == 302
        assert UserSecurity.objects.get(user=member_care).setup_code == kept

    def test_the_list_issues_setup_codes_only_where_required(
        self, admin_client, member_care, supervisor, settings
    ):
        settings.SECOND_FACTOR_FOR = ["MemberCare"]

        page = reset_by(admin_client, member_care, supervisor)

        assert code_in(page.text)
        assert UserSecurity.objects.get().user == member_care
        row = RequestLog.objects.get()
        assert row.operation == Operation.REMOVE_SECOND_FACTOR
        assert json.loads(row.content) == {"user": "maria", "setup_code": True}

    def test_users_cannot_issue_a_setup_code_to_themselves(
        self, admin_client, admin_user, settings
    ):
        set_up(admin_user)
        admin_client.force_login(active_person(admin_user.pk))

        answer = reset_by(admin_client, admin_user)

        assert answer.redirect_chain == [(USERS, 302)]
        assert TOTPDevice.objects.filter(user=admin_user).exists()
        assert RequestLog.objects.get().outcome == RequestOutcome.REFUSED

    def test_a_command_resets_the_only_superuser(self, client, required):
        root = UserFactory(username="maria", is_superuser=True)
        set_up(root)
        stdout = StringIO()

        call_command("reset_second_factor", "maria", stdout=stdout)

        handed_out = code_in(stdout.getvalue())
        row = RequestLog.objects.get()
        assert (row.operation, row.channel) == (Operation.REMOVE_SECOND_FACTOR, Channel.COMMAND)
        assert handed_out not in row.content
        type_password(client)
        assert "sign-in-codes" in type_codes(client, handed_out).text

    def test_the_second_factor_of_an_unknown_user_is_not_reset(self):
        with pytest.raises(CommandError, match="no user nobody"):
            call_command("reset_second_factor", "nobody")

    def test_the_first_superuser_gets_a_required_setup_code(self, client, required, monkeypatch):
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
        stdout = StringIO()

        call_command("createsuperuser", "--noinput", username="maria", stdout=stdout)

        type_password(client)
        assert "sign-in-codes" in type_codes(client, code_in(stdout.getvalue())).text
