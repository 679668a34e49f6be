"""Suggestions while a search text is typed: kinds, permissions, actions and queries (F7 to F10)."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges.desk.search.find import MAX_SUGGESTED
from badges.models import Operation, RequestLog
from tests.factories import (
    BadgeMetaFactory,
    ClaimFactory,
    EarnedBadgeFactory,
    IntegratorFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

SUGGESTIONS = "/desk/find/suggestions/"


def suggested(client, text=""):
    """Return the titles of the suggestions by the title of their group, in order."""
    found = client.post(SUGGESTIONS, {"text": text}).context["found"]
    return {group.title: [hit.title for hit in group.hits] for group in found.groups}


def test_a_customer_is_suggested_with_the_action_to_issue(desk):
    EarnedBadgeFactory(customer_id=1703)

    found = suggested(desk, "customer #1703")

    assert found == {"Customers": ["Customer 1703"], "Actions": ["Issue to 1703"]}


def test_the_action_to_issue_posts_the_customer_to_the_form(desk, live_badge):
    text = desk.post(SUGGESTIONS, {"text": "1703"}).content.decode()
    (target,) = re.findall(r'formaction="([^"]+)"[^>]*name="customer_id" value="1703"', text)

    form = desk.post(target, {"text": "1703", "customer_id": "1703"}).content.decode()

    assert "1703" in re.search(r'id="id_customer_id"[^>]*>\s*1703|value="1703"', form)[0]
    assert not EarnedBadgeFactory._meta.model.objects.exists()


def test_an_auditor_is_suggested_no_action_to_issue(client, auditor):
    client.force_login(auditor)

    assert "Actions" not in suggested(client, "1703")


def test_a_part_of_a_name_suggests_badges_in_any_spelling(desk):
    badge = BadgeMetaFactory(name="Käufer des Jahres")

    found = suggested(desk, "kaufer")

    assert found["Badges"] == [badge.name]
    assert found["Actions"] == [f"Issue “{badge.name}”"]


def test_at_most_a_few_results_of_a_kind_are_suggested(desk):
    for number in range(MAX_SUGGESTED + 3):
        BadgeMetaFactory(name=f"Explorer {number}")

    assert len(suggested(desk, "explorer")["Badges"]) == MAX_SUGGESTED


def test_a_whole_id_of_a_request_suggests_the_request(desk):
    RequestLogFactory(request_id="9f3c")

    assert suggested(desk, "#9F3C") == {"Requests": ["Request 9f3c"]}


def test_pages_are_suggested_by_the_beginning_of_a_word(desk):
    assert suggested(desk, "lo")["Pages"] == ["Request log"]


def test_only_permitted_pages_people_and_integrators_are_suggested(client, auditor, desk):
    IntegratorFactory(name="Maria Loyalty")

    assert "Integrators" not in suggested(desk, "maria")
    assert suggested(desk, "maria")["People"] == ["maria"]

    client.force_login(UserFactory())
    assert client.post(SUGGESTIONS, {"text": "maria"}).status_code == 403


def test_people_are_suggested_only_with_permission(client, member_care):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_earnedbadge"))
    client.force_login(user)

    assert suggested(client, "maria") == {}


def test_recent_customers_are_suggested_without_a_text(desk, member_care):
    for customer_id in (1, 2, 3, 4, 5, 6, 2):
        RequestLogFactory(user=member_care, integrator=None, customer_id=customer_id)
    RequestLogFactory(user=member_care, integrator=None, customer_id=None)
    RequestLogFactory(user=UserFactory(), integrator=None, customer_id=7)

    found = suggested(desk)

    assert found["Recent customers"] == [f"Customer {each}" for each in (2, 6, 5, 4, 3)]
    assert "Issue badge" in found["Pages"]


def test_recent_customers_that_begin_with_the_digits_are_suggested(desk, member_care):
    for customer_id in (1703, 17, 2000):
        RequestLogFactory(user=member_care, integrator=None, customer_id=customer_id)

    found = suggested(desk, "17")

    assert found["Customers"] == ["Customer 17"]
    assert found["Recent customers"] == ["Customer 1703"]


@pytest.mark.parametrize("text", ["a\0b", "x" * 256])
def test_an_invalid_text_suggests_nothing(desk, text):
    response = desk.post(SUGGESTIONS, {"text": text})

    assert response.status_code == 200
    assert response.context["found"] is None


def test_a_suggestion_is_escaped(desk):
    BadgeMetaFactory(name="<b>Gold")

    assert "<b>Gold" not in desk.post(SUGGESTIONS, {"text": "gold"}).content.decode()


def test_a_text_is_neither_stored_nor_in_an_address(desk):
    desk.post(SUGGESTIONS, {"text": "1703"})

    assert "desk_find" not in desk.session
    assert not RequestLog.objects.exclude(operation=Operation.SIGN_IN).exists()
    assert desk.get(SUGGESTIONS)["Location"] == "/desk/find/"


@pytest.mark.parametrize("text", ["", "1001", "f" * 24, "explorer", "no such", "maria"])
def test_suggestions_have_few_queries(desk, member_care, text):
    EarnedBadgeFactory(badge=BadgeMetaFactory(name="Explorer", claimed=True))
    ClaimFactory(reference_id="maria")
    RequestLogFactory(user=member_care, integrator=None, customer_id=1001)
    with CaptureQueriesContext(connection) as queries:
        desk.post(SUGGESTIONS, {"text": text})

    assert len(queries) <= 15
