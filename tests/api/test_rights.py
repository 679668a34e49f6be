"""Every route of the API has an entry in this table of permissions; a missing one fails."""

import re

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from badges.models import Integrator
from badges.roles import ROLES
from tests.api.conftest import ApiClient, basic, codes, token_for
from tests.factories import PASSWORD, IntegratorFactory, UserFactory

pytestmark = pytest.mark.django_db

ROLES_OF_STAFF = ("MemberCare", "Supervisor", "Auditor")
API = "/api_gateway/v1/badges/"

RIGHTS = {
    ("POST", "customer/earn"): "earn_badge",
    ("POST", "customer/earnBulk"): "earn_badge",
    ("POST", "customer/revokeEarn"): "revoke_badge",
    ("GET", "customer/{customerId}"): "view_earnedbadge",
    ("GET", "management/{customerId}"): "view_earnedbadge",
    ("GET", "management/{customerId}/badge/{badgeId}"): "view_earnedbadge",
    ("POST", "badgeMeta/customer/issueBulk"): "enrol_customer",
    ("POST", "badgeMeta/customer/revokeIssue"): "revoke_enrolment",
    ("POST", "badgeMeta"): "add_badgemeta",
    ("PUT", "badgeMeta"): "change_badgemeta",
    ("PUT", "badgeMeta/{badgeId}/activate"): "change_badgemeta",
    ("PUT", "badgeMeta/{badgeId}/deactivate"): "change_badgemeta",
    ("POST", "badgeMeta/{badgeId}/claim"): "add_claim",
    ("POST", "badgeMeta/{badgeId}/unclaim"): "change_claim",
    ("GET", "badgeMeta"): "view_badgemeta",
    ("GET", "badgeMeta/{badgeId}"): "view_badgemeta",
    ("GET", "badgeMeta/getFixedWindowDetails"): "view_badgemeta",
    ("POST", "group"): "add_badgegroup",
    ("PUT", "group/{groupId}"): "change_badgegroup",
    ("GET", "group"): "view_badgegroup",
    ("GET", "group/{groupId}"): "view_badgegroup",
    ("POST", "customField"): "add_customfield",
    ("PUT", "customField/{fieldId}"): "change_customfield",
    ("GET", "customField"): "view_customfield",
    ("GET", "customField/{fieldId}"): "view_customfield",
    ("POST", "import/customerBadges"): "import_badge",
    ("PUT", "import/customerBadges"): "import_badge",
    ("GET", "requests/{requestId}"): "view_receipt",
}
ROUTES = pytest.mark.parametrize(
    ("method", "path", "right"),
    [(*route, right) for route, right in RIGHTS.items()],
    ids=[" ".join(route) for route in RIGHTS],
)


def routes(patterns, path=""):
    """Yield the method and path of every route of the API."""
    for pattern in patterns:
        here = path + str(pattern.pattern).removeprefix("^").removesuffix("$").replace("\\Z", "")
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, here)
        elif here.startswith(API[1:]):
            named = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"{\1}", here)
            for method in set(pattern.callback.actions) - {"head"}:  # implied by GET
                yield method.upper(), named.removeprefix(API[1:])


def call(client, method, path):
    """Send an empty body: permissions are checked before the body."""
    address = API + re.sub(r"\{\w+\}", "1", path)
    return client.client.generic(
        method, address, b"{}", content_type="application/json", headers=client.headers
    )


@pytest.fixture
def with_rights():
    """Return a function that makes a client with exactly these permissions."""

    def make(*rights):
        group = Group.objects.create(name="Exactly these")
        named = Permission.objects.filter(content_type__app_label="badges", codename__in=rights)
        group.permissions.set(named)
        return ApiClient(IntegratorFactory(access_groups=[group.name]).client_id)

    return make


def test_the_table_of_permissions_has_exactly_all_routes():
    assert set(routes(get_resolver().url_patterns)) == set(RIGHTS)


def test_reading_and_writing_require_different_permissions():
    reading, writing = (
        {right for (method, _path), right in RIGHTS.items() if (method == "GET") == is_reading}
        for is_reading in (True, False)
    )
    assert not reading & writing


def test_the_access_group_default_has_every_permission():
    assert set(RIGHTS.values()) <= set(ROLES["Default"])


@ROUTES
def test_a_call_without_credentials_is_refused(api, method, path, right):
    api.headers = {}
    answer = call(api, method, path)

    assert answer.status_code == 401
    assert codes(answer) == [401]


@ROUTES
def test_a_call_without_the_permission_is_refused(with_rights, method, path, right):
    every_other = set(RIGHTS.values()) - {right}

    answer = call(with_rights(*every_other), method, path)

    assert answer.status_code == 403
    assert codes(answer) == [403]


@ROUTES
def test_a_call_with_the_permission_is_accepted(with_rights, method, path, right):
    assert call(with_rights(right), method, path).status_code not in (401, 403)


@pytest.mark.parametrize("state", ["switched off", "past its end"])
@ROUTES
def test_an_inactive_integrator_has_no_credentials(state, method, path, right):
    """Both the right secret and a token that was issued before are refused."""
    integrator = IntegratorFactory()
    token = token_for(Client(), integrator)
    ended = {"active": False} if state == "switched off" else {"ends_at": timezone.now()}
    Integrator.objects.filter(pk=integrator.pk).update(**ended)

    for header in (basic(integrator.client_id), {"authorization": f"Bearer {token}"}):
        client = ApiClient(integrator.client_id)
        client.headers = header
        assert call(client, method, path).status_code == 401


@ROUTES
def test_a_read_permission_changes_nothing(with_rights, method, path, right):
    reading = {each for (verb, _path), each in RIGHTS.items() if verb == "GET"}

    status = call(with_rights(*reading), method, path).status_code

    assert (status == 403) == (method != "GET")


@pytest.mark.parametrize("role", [*ROLES_OF_STAFF, "superuser"])
@ROUTES
def test_users_cannot_call_the_api(role, method, path, right):
    """Neither their password nor their session is accepted."""
    is_root = role == "superuser"
    user = UserFactory(username="person", role=None if is_root else role, is_superuser=is_root)
    client = ApiClient("person")
    client.headers = basic("person", PASSWORD)
    assert call(client, method, path).status_code == 401

    client.client.force_login(user)
    client.headers = {}
    assert call(client, method, path).status_code == 401
