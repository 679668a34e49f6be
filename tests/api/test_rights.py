"""Every route of the API has its right, written down here: what is not in the table fails."""

import re

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import get_resolver

from badges.roles import ROLES
from tests.api.conftest import ApiClient, codes
from tests.factories import IntegratorFactory

pytestmark = pytest.mark.django_db

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
    """Yield (method, path) of everything that the resolver knows below the API."""
    for pattern in patterns:
        here = path + str(pattern.pattern).removeprefix("^").removesuffix("$").replace("\\Z", "")
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, here)
        elif here.startswith(API[1:]):
            named = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"{\1}", here)
            for method in set(pattern.callback.actions) - {"head"}:  # a GET to everyone
                yield method.upper(), named.removeprefix(API[1:])


def call(client, method, path):
    """Send nothing to the route: whether it is let in does not depend on what it is sent."""
    address = API + re.sub(r"\{\w+\}", "1", path)
    return client.client.generic(
        method, address, b"{}", content_type="application/json", headers=client.headers
    )


@pytest.fixture
def with_rights():
    """Return a maker of clients with exactly these rights."""

    def make(*rights):
        group = Group.objects.create(name="Exactly these")
        named = Permission.objects.filter(content_type__app_label="badges", codename__in=rights)
        group.permissions.set(named)
        return ApiClient(IntegratorFactory(access_groups=[group.name]).client_id)

    return make


def test_the_table_has_every_route_and_no_other():
    assert set(routes(get_resolver().url_patterns)) == set(RIGHTS)


def test_reading_and_writing_are_different_rights():
    reading, writing = (
        {right for (method, _path), right in RIGHTS.items() if (method == "GET") == is_reading}
        for is_reading in (True, False)
    )
    assert not reading & writing


def test_the_access_group_default_has_every_right():
    assert set(RIGHTS.values()) <= set(ROLES["Default"])


@ROUTES
def test_nobody_is_let_in_without_a_name(api, method, path, right):
    api.headers = {}
    answer = call(api, method, path)

    assert answer.status_code == 401
    assert codes(answer) == [401]


@ROUTES
def test_nobody_is_let_in_without_the_right(with_rights, method, path, right):
    every_other = set(RIGHTS.values()) - {right}

    answer = call(with_rights(*every_other), method, path)

    assert answer.status_code == 403
    assert codes(answer) == [403]


@ROUTES
def test_the_right_lets_in(with_rights, method, path, right):
    assert call(with_rights(right), method, path).status_code not in (401, 403)
