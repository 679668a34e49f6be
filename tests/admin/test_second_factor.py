"""A code beside the password: set up, asked for, required, lost."""

import json
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from badges.models import Channel, Operation, RequestLog, RequestOutcome
from badges.services import second_factor
from badges.services.requests import Origin
from tests.factories import PASSWORD
from tests.services.second_factors import code_of

LOG_IN, CODE, OWN = "/admin/login/", "/admin/login/code/", "/admin/second-factor/"
WRONG = "000000"


def set_up(user):
    """Give a person a second factor; return its key and the recovery codes."""
    key = second_factor.new_key()
    origin = Origin(channel=Channel.COMMAND)
    codes = second_factor.add(origin=origin, user=user, key=key, code=code_of(key))
    RequestLog.objects.all().delete()
    return key, codes


def sign_in(client, **more):
    return client.post(LOG_IN, {"username": "maria", "password": PASSWORD, **more})


def is_signed_in(client):
    return "_auth_user_id" in client.session


def allow_at_once(user):
    """Let the wait after a wrong code be over."""
    TOTPDevice.objects.filter(user=user).update(throttling_failure_timestamp=None)


def rows():
    return list(RequestLog.objects.order_by("pk").values_list("operation", "outcome"))


@pytest.fixture(autouse=True)
def forgetful(unguarded):
    """Let these tests forget the rows that made their scene."""


def test_who_sets_it_up_is_asked_for_it_from_then_on(client, member_care):
    client.force_login(member_care)
    page = client.get(OWN)
    key = client.session["second_factor_key"]
    assert second_factor.spelt_out(key) in page.text
    assert "data:image/svg+xml" in page.text

    answer = client.post(OWN, {"code": code_of(key)})

    codes = answer.text.partition('class="door-codes">')[2].partition("</pre>")[0].split()
    assert len(codes) == len(set(codes)) == 10
    assert "no-store" in answer["Cache-Control"]
    assert rows() == [
        (Operation.ADD_SECOND_FACTOR, RequestOutcome.ACCEPTED),
        (Operation.SIGN_IN, RequestOutcome.ACCEPTED),
    ]
    client.logout()
    assert sign_in(client).url == CODE
    assert not is_signed_in(client)


def test_nothing_of_it_can_be_read_from_the_tables_of_the_log_or_the_codes(client, member_care):
    client.force_login(member_care)
    client.get(OWN)
    key = client.session["second_factor_key"]
    codes = second_factor.add(
        origin=Origin(channel=Channel.MEMBERCARE, user=member_care, content=key),
        user=member_care,
        key=key,
        code=code_of(key),
    )

    kept = " ".join(RequestLog.objects.values_list("content", flat=True))
    assert key not in kept
    tokens = set(StaticToken.objects.values_list("token", flat=True))
    assert len(tokens) == 10
    assert not tokens & {code.replace("-", "") for code in codes}


@pytest.mark.parametrize("code", [WRONG, "12", "abc", "١٢٣٤٥٦", "", "9" * 30, "9" * 31])
def test_a_wrong_code_sets_nothing_up(client, member_care, code):
    client.force_login(member_care)
    client.get(OWN)

    answer = client.post(OWN, {"code": code})

    assert "desk-errors" in answer.text
    assert not TOTPDevice.objects.exists()
    assert not StaticToken.objects.exists()


@pytest.mark.parametrize("target", ["/desk/find/", "https://elsewhere.example/"])
def test_the_right_code_lets_in_and_leads_where_they_wanted(client, member_care, target):
    key, _codes = set_up(member_care)
    answer = sign_in(client, next=target)
    assert (answer.url, is_signed_in(client)) == (CODE, False)
    before = client.session.session_key

    answer = client.post(CODE, {"code": code_of(key, steps=1)})

    assert answer.url == (target if target.startswith("/") else "/admin/")
    assert is_signed_in(client)
    assert client.session.session_key != before
    row = RequestLog.objects.get()
    assert json.loads(row.content) == {"address": "127.0.0.1", "second_factor": "app"}


def test_a_recovery_code_lets_in_once(client, member_care):
    _key, codes = set_up(member_care)
    sign_in(client)
    assert client.post(CODE, {"code": f" {codes[3].upper()} "}).status_code == 302
    assert is_signed_in(client)
    assert "9 recovery codes" in client.get(OWN).text

    client.logout()
    sign_in(client)
    client.post(CODE, {"code": codes[3]})

    assert not is_signed_in(client)


def test_a_code_of_the_app_is_good_once(client, member_care):
    key, _codes = set_up(member_care)
    code = code_of(key, steps=1)
    sign_in(client)
    client.post(CODE, {"code": code})
    client.logout()

    sign_in(client)
    client.post(CODE, {"code": code})

    assert not is_signed_in(client)


def test_a_wrong_code_is_recorded_and_makes_the_next_wait(client, member_care):
    key, _codes = set_up(member_care)
    sign_in(client)

    answer = client.post(CODE, {"code": WRONG})
    client.post(CODE, {"code": code_of(key, steps=1)})

    assert "desk-errors" in answer.text
    assert not is_signed_in(client)
    assert rows() == [(Operation.SIGN_IN, RequestOutcome.REFUSED)] * 2
    assert json.loads(RequestLog.objects.first().content)["username"] == "maria"


def test_after_five_wrong_codes_the_password_is_asked_for_again(client, member_care):
    key, _codes = set_up(member_care)
    sign_in(client)
    for _attempt in range(5):
        answer = client.post(CODE, {"code": WRONG})
    assert answer.url == LOG_IN
    allow_at_once(member_care)

    answer = client.post(CODE, {"code": code_of(key, steps=1)})

    assert answer.url == LOG_IN
    assert not is_signed_in(client)


@pytest.mark.parametrize("change", ["time", "password", "inactive", "nobody"])
def test_what_the_password_proved_does_not_last(client, member_care, change):
    key, _codes = set_up(member_care)
    if change != "nobody":
        sign_in(client)
    if change == "time":
        session = client.session
        session["signing_in"] |= {"until": time.time() - 1}
        session.save()
    elif change == "password":
        member_care.set_password("another horse, another battery")
        member_care.save()
    elif change == "inactive":
        User.objects.update(is_active=False)

    for answer in (client.get(CODE), client.post(CODE, {"code": code_of(key, steps=1)})):
        assert answer.url == LOG_IN
    assert not is_signed_in(client)
    assert client.get("/desk/").status_code == 302


def test_the_page_of_ones_own_needs_somebody(client, db):
    assert client.get(OWN).url == LOG_IN
    assert client.post(OWN, {"code": WRONG}).url == LOG_IN


class TestRequired:
    @pytest.fixture(autouse=True)
    def required(self, settings):
        settings.SECOND_FACTOR_FOR = ["Supervisor", "superuser"]

    def test_the_others_go_on_as_they_did(self, client, member_care):
        assert sign_in(client).url == "/admin/"
        assert client.get("/desk/").status_code == 200

    @pytest.mark.parametrize("is_superuser", [True, False])
    def test_who_has_none_sets_it_up_before_they_are_in(
        self, client, member_care, supervisor, is_superuser
    ):
        User.objects.filter(pk=member_care.pk).update(is_superuser=is_superuser)
        if not is_superuser:
            member_care.groups.set(supervisor.groups.all())
        assert sign_in(client, next="/desk/find/").url == OWN
        assert not is_signed_in(client)
        assert client.get("/desk/").status_code == 302
        page = client.get(OWN)
        assert "Your role signs in with a second factor only" in page.text

        answer = client.post(OWN, {"code": code_of(client.session["second_factor_key"])})

        assert 'href="/desk/find/"' in answer.text
        assert client.get("/desk/").status_code == 200

    def test_a_session_that_began_without_one_ends_at_the_next_page(self, client, supervisor):
        client.force_login(supervisor)

        assert client.get("/desk/find/").url == f"{OWN}?next=/desk/find/"
        assert client.post("/desk/issue/", {}).url == f"{OWN}?next=/desk/issue/"
        assert client.get("/desk/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
        assert client.get("/healthz").status_code == 302
        assert client.post("/admin/logout/").status_code == 200

    def test_who_has_one_is_asked_for_it_in_a_session_that_began_without(self, client, supervisor):
        key, _codes = set_up(supervisor)
        client.force_login(supervisor)
        assert client.get(f"{OWN}?next=/desk/find/").url == f"{CODE}?next=%2Fdesk%2Ffind%2F"

        answer = client.post(f"{CODE}?next=/desk/find/", {"code": code_of(key, steps=1)})

        assert answer.url == "/desk/find/"
        assert client.get("/desk/find/").status_code == 200

    def test_it_cannot_be_given_up(self, client, supervisor):
        key, _codes = set_up(supervisor)
        client.force_login(supervisor)
        client.post(CODE, {"code": code_of(key, steps=1)})
        page = client.get(OWN)
        TOTPDevice.objects.update(last_t=-1)

        client.post(OWN, {"code": code_of(key), "give_up": "1"})

        assert "give_up" not in page.text
        assert TOTPDevice.objects.filter(user=supervisor).exists()


class TestOwn:
    @pytest.fixture
    def key(self, client, member_care):
        key, _codes = set_up(member_care)
        sign_in(client)
        client.post(CODE, {"code": code_of(key, steps=1)})
        TOTPDevice.objects.update(last_t=-1)
        RequestLog.objects.all().delete()
        return key

    def test_new_recovery_codes_replace_the_old_ones(self, client, key):
        old = set(StaticToken.objects.values_list("token", flat=True))

        answer = client.post(OWN, {"code": code_of(key)})

        assert "door-codes" in answer.text
        new = set(StaticToken.objects.values_list("token", flat=True))
        assert len(new) == 10
        assert not new & old
        assert rows() == [(Operation.RENEW_RECOVERY_CODES, RequestOutcome.ACCEPTED)]

    def test_it_is_given_up_with_a_code(self, client, key):
        assert client.post(OWN, {"code": code_of(key), "give_up": "1"}).url == "/admin/"

        assert not TOTPDevice.objects.exists()
        assert not StaticToken.objects.exists()
        assert rows() == [(Operation.REMOVE_SECOND_FACTOR, RequestOutcome.ACCEPTED)]

    @pytest.mark.parametrize("more", [{}, {"give_up": "1"}])
    def test_a_wrong_code_changes_nothing(self, client, key, more):
        old = set(StaticToken.objects.values_list("token", flat=True))

        answer = client.post(OWN, {"code": WRONG, **more})

        assert "desk-errors" in answer.text
        assert set(StaticToken.objects.values_list("token", flat=True)) == old
        assert [outcome for _operation, outcome in rows()] == [RequestOutcome.REFUSED]


def test_an_administrator_takes_away_what_was_lost(admin_client, member_care, supervisor):
    set_up(member_care)
    page = admin_client.get("/admin/auth/user/")
    assert "Second factor" in page.text

    chosen = [member_care.pk, supervisor.pk]
    admin_client.post(
        "/admin/auth/user/", {"action": "remove_second_factor", "_selected_action": chosen}
    )

    assert not TOTPDevice.objects.exists()
    row = RequestLog.objects.get(operation=Operation.REMOVE_SECOND_FACTOR)
    assert json.loads(row.content) == {"user": "maria"}


@pytest.mark.parametrize("model", ["otp_totp/totpdevice", "otp_static/staticdevice"])
def test_no_page_shows_keys(admin_client, model):
    assert admin_client.get(f"/admin/{model}/").status_code == 404


def test_sessions_do_not_outlive_the_key_they_were_to_share(client, member_care):
    client.force_login(member_care)
    client.get(OWN)
    key = client.session["second_factor_key"]

    client.post(OWN, {"code": code_of(key)})

    session = Session.objects.get(expire_date__gt=timezone.now() + timedelta(hours=1))
    assert key not in session.get_decoded().values()
