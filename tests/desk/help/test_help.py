"""The help page, the list of shortcuts, and the tour that is dismissed for good."""

import re

import pytest
from django.urls import reverse

from badges.desk.help.glossary import TERMS
from badges.desk.help.topics import TOPICS
from badges.models import Operation, Preferences, RequestLog
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

HELP, HOME, DISMISS = "/desk/help/", "/desk/", "/desk/hints/dismiss/"


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        ("MemberCare", ["Issue a badge", "Revoke a badge"], ["Define a badge", "Export rows"]),
        ("Supervisor", ["Issue a badge", "Manage colleagues"], ["Export rows"]),
        ("Auditor", ["Export rows", "See what happened"], ["Issue a badge", "Define a badge"]),
    ],
)
def test_the_help_page_explains_the_tasks_of_a_role(client, role, shown, hidden):
    client.force_login(UserFactory(role=role))

    page = client.get(HELP)
    titles = {str(topic.title) for topic in page.context["topics"]}

    assert titles >= set(shown)
    assert not titles & set(hidden)
    assert f"Your role is {role}." in page.text


def test_every_topic_leads_to_a_page_that_its_readers_may_open(client):
    client.force_login(UserFactory(is_superuser=True))
    for topic in TOPICS:
        assert client.get(topic.url).status_code == 200


def test_the_glossary_is_in_the_alphabetical_order_of_the_language(desk):
    english = terms(desk.get(HELP).text)
    desk.post("/i18n/setlang/", {"language": "de"})
    german = terms(desk.get(HELP).text)

    assert len(english) == len(german) == len(TERMS)
    assert english == sorted(english)
    assert {"Channel", "Claim", "Enrolment", "Owner", "Seal"} <= set(english)
    assert {"Kanal", "Freigabe", "Einschreibung", "Siegel"} <= set(german)


def terms(text):
    return re.findall("<dt>(.*?)</dt>", text)


@pytest.mark.parametrize("address", [HOME, "/desk/issue/", "/admin/badges/claim/"])
def test_every_page_has_the_list_of_shortcuts_and_a_menu_entry_for_it(desk, address):
    text = desk.get(address).text

    assert 'id="desk-shortcuts"' in text
    assert f'href="{HELP}#shortcuts"' in text


def test_the_tour_is_shown_until_it_is_dismissed(desk, member_care):
    assert "data-desk-tour" in desk.get(HOME).text

    response = desk.post(DISMISS, {"hint": "tour"})

    assert response["Location"] == HOME
    assert "data-desk-tour" not in desk.get(HOME).text
    assert Preferences.objects.get(user=member_care).dismissed == ["tour"]
    assert RequestLog.objects.get().operation == Operation.SAVE_PREFERENCES


def test_the_tour_is_dismissed_for_one_person_alone(desk, client):
    desk.post(DISMISS, {"hint": "tour"})
    client.force_login(UserFactory(role="MemberCare"))

    assert "data-desk-tour" in client.get(HOME).text


def test_a_dismissed_tour_is_shown_on_request(desk):
    desk.post(DISMISS, {"hint": "tour"})

    assert "data-desk-tour" in desk.get(f"{HOME}?tour=1").text


def test_the_tour_has_only_pages_of_the_role(client, auditor):
    client.force_login(auditor)

    targets = [stop.target for stop in client.get(HOME).context["tour"]]

    assert "desk:issue" not in targets
    assert targets[-1] == "desk:help"
    for target in targets[1:]:
        assert client.get(reverse(target)).status_code == 200


def test_an_unknown_hint_is_not_stored(desk):
    assert desk.post(DISMISS, {"hint": "x" * 100}).status_code == 302
    assert not Preferences.objects.exists()
    assert not RequestLog.objects.exists()
