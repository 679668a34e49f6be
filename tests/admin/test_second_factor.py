"""The second factor: set-up, sign-in, roles that require it, and reset."""

import json
import time
from urllib.parse import urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import QueryDict
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from badges.models import Channel, Operation, RequestLog, RequestOutcome
from badges.services.access import second_factor, setup_codes
from badges.services.access.credentials import active_person
from badges.services.request_log import Origin
from tests.admin.second_factors import CODE, CODES, LOG_IN, OWN, WRONG, is_signed_in, set_up
from tests.factories import PASSWORD
from tests.services.access.second_factors import code_of


def sign_in(client, **more):
    return client.post(LOG_IN, {"username": "maria", "password": PASSWORD, **more})


def allow_at_once(user):
    """End the delay after a wrong code."""
    TOTPDevice.objects.filter(user=user).update(throttling_failure_timestamp=None)


def rows():
    return list(RequestLog.objects.order_by("pk").values_list("operation", "outcome"))


@pytest.fixture(autouse=True)
def forgetful(unguarded):
    """Allow these tests to delete the log rows of their set-up."""


def test_a_second_factor_is_required_after_its_set_up(client, member_care):
    client.force_login(member_care)
    page = client.get(OWN)
    key = client.session["second_factor_key"]
    assert second_factor.format_key(key) in page.text
    assert "data:image/svg+xml" in page.text

    answer = client.post(OWN, {"code": code_of(key)}, follow=True)

    codes = answer.text.partition('class="sign-in-codes">')[2].partition("</pre>")[0].split()
    assert len(codes) == len(set(codes)) == 10
    assert "no-store" in answer["Cache-Control"]
    assert rows() == [
        (Operation.ADD_SECOND_FACTOR, RequestOutcome.ACCEPTED),
        (Operation.SIGN_IN, RequestOutcome.ACCEPTED),
    ]
    client.logout()
    assert sign_in(client).url == CODE
    assert not is_signed_in(client)


def test_the_second_factor_is_not_readable_in_the_log_or_the_codes(client, member_care):
    client.force_login(member_care)
    client.get(OWN)
    key = client.session["second_factor_key"]
    _person, codes = second_factor.add(
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
def test_a_wrong_code_sets_up_no_second_factor(client, member_care, code):
    client.force_login(member_care)
    client.get(OWN)

    answer = client.post(OWN, {"code": code})

    assert "desk-errors" in answer.text
    assert not TOTPDevice.objects.exists()
    assert not StaticToken.objects.exists()


@pytest.mark.parametrize("target", ["/desk/find/", "https://elsewhere.example/"])
def test_the_right_code_signs_in_and_redirects_to_the_requested_page(client, member_care, target):
    key, _codes = set_up(member_care)
    answer = sign_in(client, next=target)
    assert (answer.url, is_signed_in(client)) == (CODE, False)
    before = client.session.session_key

    answer = client.post(CODE, {"code": code_of(key, steps=1)})

    assert answer.url == (target if target.startswith("/") else "/desk/")
    assert is_signed_in(client)
    assert client.session.session_key != before
    row = RequestLog.objects.get()
    assert json.loads(row.content) == {"address": "127.0.0.1", "second_factor": "app"}


def test_a_recovery_code_signs_in_once(client, member_care):
    _key, codes = set_up(member_care)
    sign_in(client)
    assert client.post(CODE, {"code": f" {codes[3].upper()} "}).status_code == 302
    assert is_signed_in(client)
    assert "9 recovery codes" in client.get(OWN).text

    client.logout()
    sign_in(client)
    client.post(CODE, {"code": codes[3]})

    assert not is_signed_in(client)


def test_a_code_of_the_app_is_valid_once(client, member_care):
    key, _codes = set_up(member_care)
    code = code_of(key, steps=1)
    sign_in(client)
    client.post(CODE, {"code": code})
    client.logout()

    sign_in(client)
    client.post(CODE, {"code": code})

    assert not is_signed_in(client)


def test_a_wrong_code_is_recorded_and_delays_the_next(client, member_care):
    key, _codes = set_up(member_care)
    sign_in(client)

    answer = client.post(CODE, {"code": WRONG})
    client.post(CODE, {"code": code_of(key, steps=1)})

    assert "desk-errors" in answer.text
    assert not is_signed_in(client)
    assert rows() == [(Operation.SIGN_IN, RequestOutcome.REFUSED)] * 2
    assert json.loads(RequestLog.objects.first().content)["username"] == "maria"


def test_five_wrong_codes_require_the_password_again(client, member_care):
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
def test_a_pending_sign_in_expires(client, member_care, change):
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


def test_the_page_of_the_own_second_factor_requires_a_sign_in(client, db):
    assert client.get(OWN).url == LOG_IN
    assert client.post(OWN, {"code": WRONG}).url == LOG_IN


class TestRequiredSecondFactor:
    @pytest.fixture(autouse=True)
    def required(self, settings):
        settings.SECOND_FACTOR_FOR = ["Supervisor", "superuser"]

    def test_a_second_factor_is_not_required_of_other_roles(self, client, member_care):
        assert sign_in(client).url == "/desk/"
        assert client.get("/desk/").status_code == 200

    @pytest.mark.parametrize("is_superuser", [True, False])
    def test_a_required_second_factor_is_set_up_during_sign_in(
        self, client, member_care, supervisor, is_superuser
    ):
        User.objects.filter(pk=member_care.pk).update(is_superuser=is_superuser)
        if not is_superuser:
            member_care.groups.set(supervisor.groups.all())
        assert sign_in(client, next="/desk/find/").url == OWN
        assert not is_signed_in(client)
        assert client.get("/desk/").status_code == 302
        page = client.get(OWN)
        assert "Your role requires a second factor to sign in" in page.text
        handed_out = setup_codes.issue_setup_code(member_care).text

        key = client.session["second_factor_key"]
        answer = client.post(OWN, {"code": code_of(key), "setup_code": handed_out})

        assert answer.url == CODES
        assert "sign-in-codes" in client.get(CODES).text
        assert client.post(CODES).url == "/desk/find/"
        assert client.get(CODES).url == OWN
        assert client.get("/desk/").status_code == 200

    def test_a_session_without_a_required_second_factor_ends(self, client, supervisor):
        client.force_login(supervisor)

        assert client.get("/desk/find/").url == f"{OWN}?next=/desk/find/"
        assert client.post("/desk/issue/", {}).url == f"{OWN}?next=/desk/issue/"
        assert client.get("/desk/", headers={"HX-Request": "true"}).status_code == 401
        assert client.get("/healthz").status_code == 302
        assert client.post("/admin/logout/").status_code == 200

    def test_a_session_without_the_existing_second_factor_requires_its_code(
        self, client, supervisor
    ):
        key, _codes = set_up(supervisor)
        client.force_login(active_person(supervisor.pk))
        assert client.get(f"{OWN}?next=/desk/find/").url == f"{CODE}?next=%2Fdesk%2Ffind%2F"

        answer = client.post(f"{CODE}?next=/desk/find/", {"code": code_of(key, steps=1)})

        assert answer.url == "/desk/find/"
        assert client.get("/desk/find/").status_code == 200

    @pytest.mark.parametrize(
        "target", ["/desk/find/?q=a%26b%23c&next=/", "/desk/find/M%C3%BCller%3F"]
    )
    def test_a_required_second_factor_keeps_the_requested_page_with_its_query(
        self, client, supervisor, target
    ):
        key, _codes = set_up(supervisor)
        client.force_login(active_person(supervisor.pk))

        page = client.get(target).url
        assert QueryDict(urlsplit(page).query) == QueryDict(urlencode({"next": target}))
        page = client.post(page, {"code": "typed in an old form"}).url
        assert urlsplit(page).path == CODE

        assert client.post(page, {"code": code_of(key, steps=1)}).url == target

    def test_a_required_second_factor_redirects_to_no_other_site(self, client, supervisor):
        key, _codes = set_up(supervisor)
        client.force_login(active_person(supervisor.pk))
        page = client.post(f"{OWN}?next=https://elsewhere.example/").url

        assert client.post(page, {"code": code_of(key, steps=1)}).url == "/desk/"

    def test_a_required_second_factor_cannot_be_removed(self, client, supervisor):
        key, _codes = set_up(supervisor)
        client.force_login(active_person(supervisor.pk))
        client.post(CODE, {"code": code_of(key, steps=1)})
        page = client.get(OWN)
        TOTPDevice.objects.update(last_t=-1)

        client.post(OWN, {"code": code_of(key), "give_up": "1"})

        assert "give_up" not in page.text
        assert TOTPDevice.objects.filter(user=supervisor).exists()


class TestOwnSecondFactor:
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

        answer = client.post(OWN, {"code": code_of(key)}, follow=True)

        assert "sign-in-codes" in answer.text
        new = set(StaticToken.objects.values_list("token", flat=True))
        assert len(new) == 10
        assert not new & old
        assert rows() == [(Operation.RENEW_RECOVERY_CODES, RequestOutcome.ACCEPTED)]

    def test_the_own_second_factor_is_removed_with_a_code(self, client, key):
        assert client.post(OWN, {"code": code_of(key), "give_up": "1"}).url == "/desk/"

        assert not TOTPDevice.objects.exists()
        assert not StaticToken.objects.exists()
        assert rows() == [(Operation.REMOVE_SECOND_FACTOR, RequestOutcome.ACCEPTED)]

    @pytest.mark.parametrize("more", [{}, {"give_up": "1"}])
    def test_a_wrong_code_does_not_change_the_own_second_factor(self, client, key, more):
        old = set(StaticToken.objects.values_list("token", flat=True))

        answer = client.post(OWN, {"code": WRONG, **more})

        assert "desk-errors" in answer.text
        assert set(StaticToken.objects.values_list("token", flat=True)) == old
        assert [outcome for _operation, outcome in rows()] == [RequestOutcome.REFUSED]


def test_an_administrator_resets_a_second_factor(admin_client, member_care, supervisor):
    set_up(member_care)
    page = admin_client.get("/admin/auth/user/")
    assert "Second factor" in page.text

    chosen = [member_care.pk, supervisor.pk]
    admin_client.post(
        "/admin/auth/user/", {"action": "reset_second_factor", "_selected_action": chosen}
    )

    assert not TOTPDevice.objects.exists()
    row = RequestLog.objects.get(operation=Operation.REMOVE_SECOND_FACTOR)
    assert json.loads(row.content) == {"user": "maria", "setup_code": True}


@pytest.mark.parametrize("model", ["otp_totp/totpdevice", "otp_static/staticdevice"])
def test_no_page_shows_keys_of_second_factors(admin_client, model):
    assert admin_client.get(f"/admin/{model}/").status_code == 404


def test_sessions_end_with_the_replaced_key(client, member_care):
    client.force_login(member_care)
    client.get(OWN)
    key = client.session["second_factor_key"]

    client.post(OWN, {"code": code_of(key)})

    session = Session.objects.get()
    assert key not in session.get_decoded().values()
