"""Preferences: private to their person, with log rows, and limited to names."""

import pytest

from badges.errors import BadgeError
from badges.models import Channel, Operation, Person, Preferences, RequestLog
from badges.services.access import preferences
from badges.services.access.credentials import active_person
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def origin(member_care):
    return Origin(channel=Channel.MEMBERCARE, user=member_care)


def stored(user):
    return Preferences.objects.get(user=user)


def test_a_person_without_choices_has_the_defaults(member_care):
    person = Person.objects.get(pk=member_care.pk)

    assert (person.preferences.time_zone, person.preferences.tables) == ("", {})
    assert person.preferences.dismissed == []
    assert not Preferences.objects.exists()


def test_a_choice_is_recorded_and_private_to_its_person(origin, member_care):
    other = UserFactory()

    preferences.choose_time_zone(origin=origin, time_zone="Asia/Kolkata")

    assert stored(member_care).time_zone == "Asia/Kolkata"
    assert Person.objects.get(pk=other.pk).preferences.time_zone == ""
    request = RequestLog.objects.get()
    assert (request.operation, request.user) == (Operation.SAVE_PREFERENCES, member_care)
    assert request.operation not in Operation.changing()


def test_the_time_zone_of_the_organisation_can_be_chosen_again(origin, member_care):
    preferences.choose_time_zone(origin=origin, time_zone="Asia/Kolkata")
    preferences.choose_time_zone(origin=origin, time_zone="")

    assert stored(member_care).time_zone == ""


@pytest.mark.parametrize("name", ["Nowhere/City", "asia/kolkata", "../UTC", "+05:30", "UTC\0"])
def test_an_unknown_time_zone_is_refused_and_recorded(origin, name):
    with refused(400):
        preferences.choose_time_zone(origin=origin, time_zone=name)

    assert not Preferences.objects.exists()
    assert RequestLog.objects.refused().get().operation == Operation.SAVE_PREFERENCES


def test_each_choice_for_a_table_leaves_the_others(origin, member_care):
    preferences.choose_table(origin=origin, table="requests", columns=["when", "badge"])
    preferences.choose_table(origin=origin, table="requests", density="compact")
    preferences.choose_table(origin=origin, table="issued", sort="-when")

    assert stored(member_care).tables == {
        "requests": {"columns": ["when", "badge"], "density": "compact"},
        "issued": {"sort": "-when"},
    }


def test_a_table_can_be_reset(origin, member_care):
    preferences.choose_table(origin=origin, table="requests", sort="-when")
    preferences.reset_table(origin=origin, table="requests")
    preferences.reset_table(origin=origin, table="requests")

    assert stored(member_care).tables == {}


@pytest.mark.parametrize(
    "choices",
    [
        {"table": "Customer 1703"},
        {"table": ""},
        {"table": "requests", "columns": ["1703"]},
        {"table": "requests", "columns": [1703]},
        {"table": "requests", "columns": ["when"] * 101},
        {"table": "requests", "columns": "when"},
        {"table": "requests", "density": "customer 1703"},
        {"table": "requests", "sort": "when desc"},
    ],
)
def test_only_names_are_stored_for_a_table(origin, choices):
    with pytest.raises(BadgeError):
        preferences.choose_table(origin=origin, **choices)

    assert not Preferences.objects.exists()


def test_tables_have_a_maximum_number(origin, member_care):
    for number in range(preferences.MAX_TABLES):
        preferences.choose_table(origin=origin, table=f"table{number}", sort="when")

    with refused(2003):
        preferences.choose_table(origin=origin, table="one_more", sort="when")

    assert "one_more" not in stored(member_care).tables


def test_a_hint_is_dismissed_once(origin, member_care):
    preferences.dismiss(origin=origin, hint="tour")
    preferences.dismiss(origin=origin, hint="tour")

    assert stored(member_care).dismissed == ["tour"]


@pytest.mark.parametrize("hint", ["", "1703", "Tour of Customer 1703", "x" * 51])
def test_only_names_of_hints_are_stored(origin, hint):
    with refused(400):
        preferences.dismiss(origin=origin, hint=hint)

    assert not Preferences.objects.exists()


def test_dismissed_hints_have_a_maximum_number(origin, member_care):
    Preferences.objects.create(
        user=member_care, dismissed=[f"hint{number}" for number in range(100)]
    )

    with refused(2003):
        preferences.dismiss(origin=origin, hint="one_more")

    assert "one_more" not in stored(member_care).dismissed


def test_preferences_belong_to_a_person():
    with refused(403):
        preferences.dismiss(origin=Origin(channel=Channel.COMMAND), hint="tour")


def test_preferences_are_read_with_the_person(origin, member_care, django_assert_num_queries):
    preferences.dismiss(origin=origin, hint="tour")

    with django_assert_num_queries(1):
        assert active_person(member_care.pk).preferences.dismissed == ["tour"]
