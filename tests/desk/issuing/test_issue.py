"""Issuing a badge at the desk: permissions, rows, refusals and their texts."""

import base64
import hashlib
import json
import re

import pytest
from django.contrib.auth.models import Permission

from badges.errors import ErrorCode
from badges.models import Channel, EarnedBadge, Limit, LimitKind, LimitLevel, RequestLog
from badges.models import RequestOutcome as Outcome
from tests.desk.conftest import ISSUE
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db

ONE_EACH = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)


def test_the_issue_form_redirects_to_the_sign_in(client):
    response = client.get(ISSUE)

    assert response.status_code == 302
    assert response["Location"] == f"/admin/login/?next={ISSUE}"


@pytest.mark.parametrize(
    ("role", "status"),
    [("MemberCare", 200), ("Supervisor", 200), ("Auditor", 403), (None, 403)],
)
def test_the_issue_form_requires_the_permission_to_issue(client, role, status):
    client.force_login(UserFactory(role=role))

    assert client.get(ISSUE).status_code == status


def test_a_forbidden_page_of_the_desk_has_the_theme(client, auditor):
    client.force_login(auditor)

    page = client.get(ISSUE).content.decode()

    assert "You do not have access to this page" in page
    assert "nav-sidebar" in page


@pytest.mark.parametrize("address", [ISSUE, f"{ISSUE}preview/", f"{ISSUE}badges/"])
def test_an_auditor_may_not_submit_the_issue_form(client, auditor, filled, address):
    client.force_login(auditor)

    assert client.post(address, filled()).status_code == 403
    assert not EarnedBadge.objects.exists()
    assert not RequestLog.objects.exists()


def test_the_home_page_links_to_the_form_without_the_permission_to_see_figures(client):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="earn_badge"))
    client.force_login(user)

    page = client.get("/desk/").content.decode()

    assert page.count('href="/desk/issue/"') == 2  # in the menu and on the page
    assert 'href="/desk/requests/"' not in page


def test_an_issue_writes_one_badge_and_one_request(desk, member_care, live_badge, filled):
    fields = filled(event_at="2026-03-01T10:30")

    response = desk.post(ISSUE, fields)

    earned = EarnedBadge.objects.get()
    request = RequestLog.objects.get()
    assert response["Location"] == f"/desk/receipts/{request.pk}/"
    assert (earned.badge, earned.customer_id, earned.request) == (live_badge, 1001, request)
    assert earned.event_at.isoformat() == "2026-03-01T10:30:00+00:00"
    assert (request.outcome, request.channel) == (Outcome.ACCEPTED, Channel.MEMBERCARE)
    assert (request.user, request.integrator) == (member_care, None)
    assert (request.reason, request.request_id) == ("Called in", fields["request_id"])
    assert json.loads(request.content) == {
        name: fields[name]
        for name in ("customer_id", "badge_id", "event_at", "reason", "new_customers")
    }


def test_an_omitted_event_date_is_the_time_of_issue(desk, filled):
    desk.post(ISSUE, filled())

    earned = EarnedBadge.objects.get()
    assert earned.event_at == earned.earned_at


def test_a_second_submission_opens_the_same_receipt(desk, filled):
    fields = filled()
    first = desk.post(ISSUE, fields)

    second = desk.post(ISSUE, fields, follow=True)

    assert second.redirect_chain == [(first["Location"], 302)]
    assert "already issued" in second.content.decode()
    assert EarnedBadge.objects.count() == 1
    assert RequestLog.objects.accepted().count() == 1


def test_a_used_issue_form_with_other_entries_is_refused_with_a_link(desk, filled):
    fields = filled()
    first = desk.post(ISSUE, fields)

    page = desk.post(ISSUE, fields | {"customer_id": "1002"}).content.decode()

    assert "Code 809" in page
    assert first["Location"] in page
    assert f"{ISSUE}?badge={fields['badge_id']}" in page
    assert EarnedBadge.objects.count() == 1


def test_the_request_id_of_another_user_reveals_nothing(desk, filled):
    fields = filled()
    theirs = RequestLogFactory(request_id=fields["request_id"], user=UserFactory())

    page = desk.post(ISSUE, fields).content.decode()

    assert "Code 809" in page
    assert f"/desk/receipts/{theirs.pk}/" not in page
    assert not EarnedBadge.objects.exists()


@pytest.mark.parametrize(
    ("badge", "event_at", "code", "field"),
    [
        ({"inactive": True}, "", ErrorCode.BADGE_NOT_LIVE, None),
        ({"upcoming": True}, "", ErrorCode.BADGE_NOT_LIVE, None),
        ({}, "2098-01-01T00:00", ErrorCode.EVENT_IN_FUTURE, "event_at"),
        ({"expired": True}, "", ErrorCode.OUTSIDE_WINDOW, "event_at"),
        ({"enrolled": True}, "", ErrorCode.ENROLMENT_REQUIRED, None),
        ({"limits": [ONE_EACH]}, "", ErrorCode.CUSTOMER_LIMIT_REACHED, None),
    ],
)
def test_a_refusal_is_shown_and_recorded(desk, filled, badge, event_at, code, field):
    badge = BadgeMetaFactory(**badge)
    EarnedBadgeFactory(badge=badge, customer_id=1001)
    before = EarnedBadge.objects.count()
    fields = filled(badge_id=badge.pk, event_at=event_at)

    response = desk.post(ISSUE, fields)

    page = response.content.decode()
    assert f"Code {code:d}" in page
    assert str(code.message) in page
    assert list(response.context["form"].errors) == ([field] if field else [])
    assert EarnedBadge.objects.count() == before
    request = RequestLog.objects.latest("pk")
    assert (request.outcome, request.code) == (Outcome.REFUSED, code)


def test_the_refusal_of_an_unknown_badge_is_a_field_error(desk, filled):
    response = desk.post(ISSUE, filled(badge_id="f" * 24))

    assert "404" in response.context["form"].errors["badge_id"][0]
    assert RequestLog.objects.get().code == ErrorCode.NOT_FOUND


def test_a_refused_issue_form_keeps_its_entries_and_its_request_id(desk, filled):
    fields = filled(event_at="2098-01-01T00:00")

    page = desk.post(ISSUE, fields).content.decode()

    for value in (fields["request_id"], ">\n1001</textarea>", "2098-01-01T00:00", "Called in"):
        assert value in page
    assert desk.post(ISSUE, fields | {"event_at": ""}).status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_id", ""),
        ("customer_id", "abc"),
        ("customer_id", "0"),
        ("customer_id", "-1"),
        ("customer_id", "1 2x"),
        ("customer_id", "\u0661\u0662"),
        ("customer_id", "1\0"),
        ("customer_id", str(2**63)),
        ("customer_id", "9" * 5000),
        ("badge_id", ""),
        ("badge_id", "nonsense"),
        ("badge_id", "A" * 24),
        ("badge_id", "\0" * 24),
        ("event_at", "yesterday"),
        ("event_at", "2026-02-30T10:00"),
        ("event_at", "0001-01-01T00:00"),
        ("event_at", "0001-01-01T00:00+14:00"),
        ("event_at", "\0"),
        ("reason", "a\0b"),
        ("reason", "x" * 501),
        ("search", "x" * 100_000),
        ("search", "\0"),
        ("request_id", ""),
        ("request_id", "2132"),
    ],
)
def test_an_invalid_issue_form_shows_errors_and_writes_nothing(desk, filled, field, value):
    response = desk.post(ISSUE, filled(**{field: value}))

    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert not EarnedBadge.objects.exists()
    assert not RequestLog.objects.exists()


def test_an_issue_form_without_a_request_id_gets_a_new_one(desk, filled):
    response = desk.post(ISSUE, filled(request_id="2132"))

    assert response.context["form"].id_to_send.startswith("desk-")
    assert "has been renewed" in response.content.decode()


@pytest.mark.parametrize("customer_id", ["1", str(2**63 - 1), " 0042 "])
def test_every_positive_id_is_a_customer(desk, filled, customer_id):
    assert desk.post(ISSUE, filled(customer_id=customer_id)).status_code == 302
    assert EarnedBadge.objects.get().customer_id == int(customer_id)


def test_the_issue_form_escapes_texts_of_users(desk, filled):
    badge = BadgeMetaFactory(name="<script>alert(1)</script>")

    page = desk.post(ISSUE, filled(badge_id=badge.pk, customer_id="<b>")).content.decode()

    assert "<script>alert(1)" not in page
    assert "<b>" not in page


def test_the_page_allows_the_theme_and_no_inline_script(desk):
    policy = desk.get(ISSUE)["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval';" in f"{policy};"


@pytest.mark.parametrize("path", [ISSUE, "/desk/", "/admin/badges/integrator/", "/admin/login/"])
def test_every_style_element_of_a_page_is_one_that_the_policy_names(desk, client, path):
    if path == "/admin/login/":
        client.logout()
    answer = desk.get(path, follow=True)

    (allowed,) = re.findall("style-src-elem 'self' ([^;]+)", answer["Content-Security-Policy"])
    styles = re.findall(r"<style[^>]*>(.*?)</style>", answer.text, re.DOTALL)
    assert styles
    for style in styles:
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert allowed == f"'sha256-{digest}'"


def test_a_sign_in_may_return_to_a_fragment_of_the_issue_form(desk):
    assert desk.get(f"{ISSUE}preview/")["Location"] == ISSUE
