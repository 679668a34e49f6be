"""A change of credentials ends sessions and forgets remembered devices.

Every case of the table changes how a user authenticates. Each earlier session, pending sign-in or
remembered device is refused at its next request.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db.models.signals import post_save, pre_save
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from badges.errors import ErrorCode
from badges.models import Channel, Operation, Person, RequestLog
from badges.services.access import people, second_factor, setup_codes
from badges.services.access.credentials import active_person
from badges.services.request_log import Origin
from tests.admin.second_factors import CODE, LOG_IN, OWN, is_signed_in
from tests.conftest import in_thread, refused
from tests.factories import PASSWORD
from tests.services.access.second_factors import code_of

DESK, OWN_PASSWORD, USERS = "/desk/", "/admin/password_change/", "/admin/auth/user/"
NEW_PASSWORD = "another horse, another battery"
COMMAND = Origin(channel=Channel.COMMAND)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forgetful(unguarded):
    """Allow these tests to delete the log rows of their set-up."""


class Maria:
    """A member of staff with a password and, optionally, a second factor."""

    def __init__(self, user, *, with_factor):
        self.user, self.key, self.password = user, None, PASSWORD
        if with_factor:
            self.key = second_factor.new_key()
            code, handed_out = code_of(self.key), setup_codes.issue_setup_code(user).text
            second_factor.add(
                origin=COMMAND, user=user, key=self.key, code=code, setup_code=handed_out
            )

    def code(self):
        """Return a code that is still unused."""
        TOTPDevice.objects.update(last_t=-1)
        return code_of(self.key)

    def begin(self):
        """Return a client that has passed the password step."""
        browser = Client()
        self.type_password(browser)
        return browser

    def type_password(self, browser):
        return browser.post(LOG_IN, {"username": "maria", "password": self.password})

    def sign_in(self):
        browser = self.begin()
        if self.key:
            browser.post(CODE, {"code": self.code()})
        assert browser.get(DESK).status_code == 200
        return browser

    # The events. The first ones happen in her own browser.

    def set_up(self, browser, administrator):
        browser.get(OWN)
        self.key = browser.session["second_factor_key"]
        answer = browser.post(OWN, {"code": code_of(self.key)}, follow=True)
        assert "sign-in-codes" in answer.text

    def give_up(self, browser, administrator):
        assert browser.post(OWN, {"code": self.code(), "give_up": "1"}).status_code == 302
        self.key = None

    def renew_codes(self, browser, administrator):
        assert "sign-in-codes" in browser.post(OWN, {"code": self.code()}, follow=True).text

    def change_password(self, browser, administrator):
        form = {"old_password": self.password, "new_password1": NEW_PASSWORD}
        answer = browser.post(OWN_PASSWORD, form | {"new_password2": NEW_PASSWORD})
        assert answer.status_code == 302
        self.password = NEW_PASSWORD

    def lose_factor(self, browser, administrator):
        post = {"action": "reset_second_factor", "_selected_action": [self.user.pk]}
        administrator.post(USERS, post)
        assert not TOTPDevice.objects.exists()
        self.key = None

    def set_password_of(self, browser, administrator):
        passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        address = f"{USERS}{self.user.pk}/password/"
        assert administrator.post(address, passwords | {"usable_password": "true"}).url
        self.password = NEW_PASSWORD

    def set_same_password_of(self, browser, administrator):
        people.set_password(origin=COMMAND, user_id=self.user.pk, password=PASSWORD)

    def leave_and_come_back(self, browser, administrator):
        for is_active in (False, True):
            people.update_user(origin=COMMAND, user_id=self.user.pk, is_active=is_active)


OWN_EVENTS = [
    ("set_up", False),
    ("give_up", True),
    ("renew_codes", True),
    ("change_password", False),
    ("change_password", True),
]
EVENTS = [
    *OWN_EVENTS,
    ("lose_factor", True),
    *[
        (event, with_factor)
        for event in ("set_password_of", "set_same_password_of", "leave_and_come_back")
        for with_factor in (False, True)
    ],
]


@pytest.mark.parametrize(("event", "with_factor"), EVENTS)
def test_a_security_change_ends_other_sessions(member_care, admin_client, event, with_factor):
    maria = Maria(member_care, with_factor=with_factor)
    own, other = maria.sign_in(), maria.sign_in()

    getattr(maria, event)(own, admin_client)

    assert other.get(DESK).url == f"{LOG_IN}?next={DESK}"
    assert not is_signed_in(other)


@pytest.mark.parametrize(("event", "with_factor"), [case for case in EVENTS if case[1]])
def test_a_security_change_ends_pending_sign_ins(member_care, admin_client, event, with_factor):
    maria = Maria(member_care, with_factor=True)
    own, waiting, key = maria.sign_in(), maria.begin(), maria.key

    getattr(maria, event)(own, admin_client)

    TOTPDevice.objects.update(last_t=-1)
    for answer in (waiting.get(CODE), waiting.post(CODE, {"code": code_of(key)})):
        assert answer.url == LOG_IN
    assert waiting.get(OWN).url == LOG_IN
    assert not is_signed_in(waiting)


@pytest.mark.parametrize(("event", "with_factor"), EVENTS)
def test_a_security_change_forgets_known_devices(
    member_care, admin_client, settings, event, with_factor
):
    maria = Maria(member_care, with_factor=with_factor)
    own, other = maria.sign_in(), maria.sign_in()
    for browser in (own, other):
        assert browser.cookies["known_device"].value

    getattr(maria, event)(own, admin_client)

    unknown = Client()
    for _time in range(settings.AXES_FAILURE_LIMIT):
        unknown.post(LOG_IN, {"username": "maria", "password": "wrong"})
    assert maria.type_password(other).status_code == 429
    if (event, with_factor) in OWN_EVENTS:
        assert maria.type_password(own).status_code == 302


@pytest.mark.parametrize(("event", "with_factor"), OWN_EVENTS)
def test_a_security_change_keeps_its_own_session(member_care, admin_client, event, with_factor):
    maria = Maria(member_care, with_factor=with_factor)
    own = maria.sign_in()

    getattr(maria, event)(own, admin_client)

    assert own.get(DESK).status_code == 200
    assert maria.sign_in().get(DESK).status_code == 200


@pytest.mark.parametrize("with_factor", [True, False])
def test_the_session_stamp_takes_no_query(member_care, django_assert_num_queries, with_factor):
    Maria(member_care, with_factor=with_factor)

    with django_assert_num_queries(1):
        assert bool(active_person(member_care.pk).session_stamp) is with_factor


def test_a_security_change_keeps_sessions_of_other_users(member_care, supervisor, admin_client):
    maria = Maria(member_care, with_factor=True)
    browser = Client()
    browser.post(LOG_IN, {"username": "simon", "password": PASSWORD})

    maria.lose_factor(None, admin_client)

    assert browser.get(DESK).status_code == 200
    assert admin_client.get(DESK).status_code == 200


@pytest.mark.parametrize("with_factor", [True, False])
def test_a_security_change_ends_a_sign_in_in_progress(member_care, with_factor):
    maria = Maria(member_care, with_factor=with_factor)
    browser = maria.begin() if with_factor else Client()

    def change(sender, instance, **kwargs):
        if instance.operation == Operation.SIGN_IN:
            pre_save.disconnect(change, sender=RequestLog)
            second_factor.reset(origin=COMMAND, user=member_care)

    pre_save.connect(change, sender=RequestLog)
    if with_factor:
        browser.post(CODE, {"code": maria.code()})
    else:
        maria.type_password(browser)

    assert browser.get(DESK).status_code == 302
    assert not is_signed_in(browser)


def test_a_password_that_is_replaced_during_its_check_does_not_sign_in(member_care):
    """Because the hash is weak, Django saves the user between password check and sign-in."""

    def replace(sender, instance, **kwargs):
        User.objects.filter(pk=instance.pk).update(password=make_password(NEW_PASSWORD))

    member_care.password = make_password(PASSWORD, salt="weak")
    member_care.save()
    browser = Client()
    post_save.connect(replace, sender=User)
    browser.post(LOG_IN, {"username": "maria", "password": PASSWORD})
    post_save.disconnect(replace, sender=User)

    member_care.refresh_from_db()
    assert member_care.check_password(NEW_PASSWORD)
    assert not is_signed_in(browser)


@pytest.mark.parametrize("act", ["add", "renew_codes", "give_up", "set_password"])
def test_a_request_of_an_ended_session_changes_nothing(member_care, act):
    """The request reads the user before the change and acquires the lock after it."""
    maria = Maria(member_care, with_factor=act in ("renew_codes", "give_up"))
    read_before = active_person(member_care.pk)
    people.set_password(origin=COMMAND, user_id=member_care.pk, password=NEW_PASSWORD)
    origin = Origin(channel=Channel.MEMBERCARE, user=read_before)
    key = second_factor.new_key()
    calls = {
        "add": lambda: second_factor.add(
            origin=origin, user=read_before, key=key, code=code_of(key)
        ),
        "renew_codes": lambda: second_factor.renew_codes(
            origin=origin, user=read_before, code=maria.code()
        ),
        "give_up": lambda: second_factor.remove_own(
            origin=origin, user=read_before, code=maria.code()
        ),
        "set_password": lambda: people.set_password(
            origin=origin, user_id=read_before.pk, password="a third horse, a battery"
        ),
    }
    had = TOTPDevice.objects.count()

    code = ErrorCode.INVALID_INPUT if maria.key else ErrorCode.NOT_AUTHENTICATED
    with refused(code):
        calls[act]()

    assert TOTPDevice.objects.count() == had
    assert Person.objects.get(pk=member_care.pk).check_password(NEW_PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_no_session_survives_a_reset_during_the_sign_in(member_care):
    for _round in range(5):
        maria = Maria(member_care, with_factor=True)
        browser, start = maria.begin(), Barrier(2)
        code = maria.code()

        def enter(browser=browser, code=code, start=start):
            start.wait(timeout=30)
            browser.post(CODE, {"code": code})

        def reset(start=start, member_care=member_care):
            start.wait(timeout=30)
            second_factor.reset(origin=COMMAND, user=member_care)

        with ThreadPoolExecutor(2) as pool:
            for running in [pool.submit(in_thread, call) for call in (enter, reset)]:
                running.result(timeout=60)

        assert browser.get(DESK).status_code == 302
        assert not is_signed_in(browser)
        member_care = active_person(member_care.pk)
