"""Rate limits of failed sign-ins, and the limit of concurrent password hashing."""

import threading
from contextlib import contextmanager

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.test import Client

from badges import password_hashing
from badges.errors import BusyError
from badges.models import RequestLog
from badges.password_hashing import LimitedPBKDF2PasswordHasher
from badges.rate_limits import RateLimiter
from tests.admin.second_factors import CODE, WRONG, set_up
from tests.conftest import in_thread
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

LOG_IN, OWN = "/admin/login/", "/admin/password_change/"
SLOTS = settings.MAX_CONCURRENT_REQUESTS // 4


@pytest.fixture
def wary(monkeypatch):
    """Limit failures per address to a burst of two, then one per minute."""
    monkeypatch.setattr("badges.rate_limits.sign_ins", RateLimiter(1 / 60, burst=2))


def sign_in(client, username="maria", password=PASSWORD, **more):
    return client.post(LOG_IN, {"username": username, "password": password}, **more)


@contextmanager
def hashing(count):
    """Occupy `count` of the slots for password hashing."""
    for _hash in range(count):
        assert password_hashing._slots.acquire(blocking=False)
    try:
        yield
    finally:
        for _hash in range(count):
            password_hashing._slots.release()


def assert_locked_out(answer):
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert "Too many attempts to log in" in answer.text
    assert "desk-button" in answer.text


def test_the_sign_in_limit_of_an_address_covers_all_names(client, wary):
    answers = [sign_in(client, f"name-{number}", "wrong") for number in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert_locked_out(answers[-1])
    assert RequestLog.objects.count() == 2
    assert AccessAttempt.objects.count() == 2


def test_the_sign_in_limit_does_not_affect_other_addresses(client, wary):
    for number in range(3):
        sign_in(client, f"name-{number}", "wrong")

    assert sign_in(client, "name-9", "wrong", REMOTE_ADDR="192.0.2.7").status_code == 200


def test_the_sign_in_limit_distinguishes_addresses_behind_a_trusted_proxy(client, wary, settings):
    settings.TRUSTED_PROXIES = 1

    def from_address(address):
        return sign_in(client, "name", "wrong", headers={"X-Forwarded-For": f"10.9.9.9, {address}"})

    answers = [from_address(address) for address in ["192.0.2.1"] * 3 + ["192.0.2.2"]]

    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert {attempt.ip_address for attempt in AccessAttempt.objects.all()} == {
        "192.0.2.1",
        "192.0.2.2",
    }


def test_a_locked_out_sign_in_hashes_no_password(client, wary):
    for number in range(2):
        sign_in(client, f"name-{number}", "wrong")

    with hashing(SLOTS):
        assert sign_in(client).status_code == 429


def test_a_successful_sign_in_does_not_count_for_the_limit(client, member_care, wary):
    for _time in range(4):
        assert sign_in(client).status_code == 302
        client.logout()


def test_an_empty_form_does_not_count_for_the_sign_in_limit(client, wary):
    for _time in range(4):
        assert sign_in(client, password="").status_code == 200


def test_wrong_codes_of_the_second_factor_count_for_the_sign_in_limit(
    client, member_care, unguarded, wary
):
    set_up(member_care)
    sign_in(client)
    statuses = [client.post(CODE, {"code": WRONG}).status_code for _time in range(3)]

    assert statuses == [200, 200, 429]


def test_wrong_old_passwords_count_for_the_sign_in_limit(client, member_care, wary):
    client.force_login(member_care)
    form = {"old_password": "wrong", "new_password1": "n", "new_password2": "n"}

    answers = [client.post(OWN, form) for _time in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert_locked_out(answers[-1])


def test_a_refused_new_password_does_not_count_for_the_sign_in_limit(client, member_care, wary):
    client.force_login(member_care)
    form = {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"}

    assert [client.post(OWN, form).status_code for _time in range(3)] == [200] * 3


class TestKnownDevice:
    """A browser in which the user has signed in before."""

    @pytest.fixture
    def browser(self, member_care):
        browser = Client()
        assert sign_in(browser).status_code == 302
        browser.post("/admin/logout/")  # `Client.logout` would delete every cookie
        return browser

    def test_a_known_device_is_not_locked_out_by_failures_elsewhere(
        self, browser, client, settings
    ):
        for _time in range(settings.AXES_FAILURE_LIMIT):
            sign_in(client, password="wrong")
        assert sign_in(client).status_code == 429

        assert sign_in(browser).status_code == 302

    def test_a_known_device_does_not_share_the_limit_of_its_address(self, browser, client, wary):
        for number in range(3):
            sign_in(client, f"name-{number}", "wrong")

        assert sign_in(browser).status_code == 302

    def test_a_known_device_is_locked_out_by_its_own_failures(self, browser, settings):
        for _time in range(settings.AXES_FAILURE_LIMIT):
            sign_in(browser, password="wrong")

        assert sign_in(browser).status_code == 429

    def test_a_known_device_belongs_to_one_user(self, browser, client, settings):
        UserFactory(username="simon")
        for _time in range(settings.AXES_FAILURE_LIMIT):
            sign_in(client, "simon", "wrong")

        assert sign_in(browser, "simon").status_code == 429

    def test_a_forged_cookie_is_no_known_device(self, browser, client, wary):
        cookie = browser.cookies["known_device"]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
        assert "maria" not in cookie.value
        client.cookies["known_device"] = f"{cookie.value}x"
        for _time in range(2):
            sign_in(client, password="wrong")

        assert sign_in(client).status_code == 429

    def test_a_sign_in_with_a_second_factor_makes_a_known_device(
        self, client, member_care, unguarded
    ):
        _key, codes = set_up(member_care)
        assert "known_device" not in sign_in(client).cookies

        assert "known_device" in client.post(CODE, {"code": codes[0]}).cookies


class TestSlots:
    """At most a quarter of the slots of a worker may hash passwords."""

    @pytest.fixture(autouse=True)
    def as_in_production(self, settings, monkeypatch):
        settings.PASSWORD_HASHERS = [
            "badges.password_hashing.LimitedPBKDF2PasswordHasher",
            *settings.PASSWORD_HASHERS,
        ]
        monkeypatch.setattr(LimitedPBKDF2PasswordHasher, "iterations", 1)

    def test_a_sign_in_without_a_free_slot_is_refused_immediately(self):
        with hashing(SLOTS - 1):
            assert check_password("word", make_password("word"))
        with hashing(SLOTS), pytest.raises(BusyError):
            make_password("word")
        assert make_password("word")

    @pytest.mark.parametrize(
        ("address", "username"),
        [(LOG_IN, "maria"), (OWN, "admin"), ("/admin/auth/user/add/", "nina")],
    )
    def test_a_sign_in_without_a_free_slot_shows_a_page(
        self, admin_client, member_care, address, username
    ):
        posted = {"username": username, "password": PASSWORD, "old_password": PASSWORD}
        posted |= dict.fromkeys(["password1", "password2"], PASSWORD)
        posted |= dict.fromkeys(["new_password1", "new_password2"], PASSWORD)
        posted |= {"usable_password": "true"}
        with hashing(SLOTS):
            answer = admin_client.post(address, posted)

        assert (answer.status_code, answer["Retry-After"]) == (503, "1")
        assert "Back in a moment" in answer.text
        assert not RequestLog.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_concurrent_sign_ins_are_all_answered(self, member_care, monkeypatch):
        """Requests without a free slot get 503; the others check the password."""
        monkeypatch.setattr(LimitedPBKDF2PasswordHasher, "iterations", 50_000)
        answers = []

        def one():
            answers.append(in_thread(lambda: sign_in(Client(), password="wrong").status_code))

        threads = [threading.Thread(target=one) for _one in range(3 * SLOTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)

        assert len(answers) == len(threads)
        assert set(answers) <= {200, 429, 503}
