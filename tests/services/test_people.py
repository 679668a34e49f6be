"""Members of staff and groups: what the log tells of them, and what it never does."""

import json

import pytest
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ProtectedError

from badges.models import Channel, Operation, RequestLog, RequestOutcome
from badges.services.people import (
    create_access_group,
    create_user,
    delete_access_group,
    set_password,
    update_access_group,
    update_user,
)
from badges.services.requests import Origin
from tests.conftest import refused
from tests.factories import PASSWORD, IntegratorFactory, UserFactory

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another horse, another battery"


@pytest.fixture
def origin(supervisor):
    """A form with a password in it, as the pages post it."""
    return Origin(
        channel=Channel.MEMBERCARE, user=supervisor, content=f'{{"password1": "{PASSWORD}"}}'
    )


def told():
    return json.loads(RequestLog.objects.latest("pk").content)


def right(codename):
    return Permission.objects.filter(codename=codename).select_related("content_type")


def test_a_new_user_is_told_with_groups_and_rights_and_without_password(origin):
    user = create_user(
        origin=origin,
        username="nina",
        password=PASSWORD,
        is_staff=True,
        groups=Group.objects.filter(name="MemberCare"),
        user_permissions=right("view_claim"),
    )

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert user.has_perm("badges.earn_badge")
    assert told() == {
        "user": "nina",
        "changes": {
            "username": [None, "nina"],
            "is_staff": [None, True],
            "groups": [None, ["MemberCare"]],
            "user_permissions": [None, ["badges.view_claim"]],
        },
        "password": True,
    }


def test_a_user_without_a_password_cannot_sign_in(origin, client):
    create_user(origin=origin, username="nina", password=None, is_staff=True)

    assert told()["password"] is False
    assert not User.objects.get(username="nina").has_usable_password()


def test_a_change_is_told_field_by_field(origin):
    user = UserFactory(username="nina", email="nina@old.example", role="MemberCare")

    update_user(
        origin=origin,
        user_id=user.pk,
        email="nina@new.example",
        is_staff=True,
        is_active=False,
        groups=Group.objects.filter(name__in=["Auditor", "Supervisor"]),
    )

    assert told() == {
        "user": "nina",
        "changes": {
            "email": ["nina@old.example", "nina@new.example"],
            "is_active": [True, False],
            "groups": [["MemberCare"], ["Auditor", "Supervisor"]],
        },
    }
    user.refresh_from_db()
    assert (user.is_active, user.email) == (False, "nina@new.example")
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"username": "maria"}, 725),
        ({"username": ""}, 400),
        ({"username": "with spaces"}, 400),
        ({"email": "nonsense"}, 400),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(origin, member_care, values, code):
    user = UserFactory(username="nina")
    with refused(code):
        update_user(origin=origin, user_id=user.pk, **values, first_name="Nina")
    user.refresh_from_db()
    assert (user.username, user.email, user.first_name) == ("nina", "", "")


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_a_password_is_set_and_told_by_the_fact_alone(origin, password):
    user = UserFactory(username="nina", first_name="Nina")
    user.first_name = "not saved"

    set_password(origin=origin, user_id=user.pk, password=password)

    user.refresh_from_db()
    assert user.has_usable_password() is bool(password)
    assert user.first_name == "Nina"
    assert told() == {"user": "nina", "password": bool(password)}


@pytest.mark.parametrize("password", ["short", "123456789012", "password1234"])
def test_a_weak_password_is_refused_through_every_door(origin, password):
    user = UserFactory()
    with refused(400):
        set_password(origin=origin, user_id=user.pk, password=password)
    user.refresh_from_db()
    assert check_password(PASSWORD, user.password)


def test_no_password_and_no_hash_is_ever_in_the_log(origin):
    user = create_user(origin=origin, username="nina", password=PASSWORD)
    update_user(origin=origin, user_id=user.pk, is_active=False)
    set_password(origin=origin, user_id=user.pk, password=NEW_PASSWORD)
    with refused(400):
        set_password(origin=origin, user_id=user.pk, password="short")

    user.refresh_from_db()
    for row in RequestLog.objects.values_list("content", "errors", "reason"):
        for secret in (PASSWORD, NEW_PASSWORD, "short", user.password):
            assert secret not in str(row).replace("too short", "")


def test_who_has_acted_cannot_be_deleted(origin, supervisor):
    create_user(origin=origin, username="nina", password=PASSWORD)
    with pytest.raises(ProtectedError):
        supervisor.delete()


def test_a_group_is_told_right_by_right(origin):
    group = create_access_group(origin=origin, name="Interns", permissions=right("view_claim"))
    assert told()["changes"] == {
        "name": [None, "Interns"],
        "permissions": [None, ["badges.view_claim"]],
    }

    update_access_group(
        origin=origin, group_id=group.pk, name="Trainees", permissions=right("view_badgemeta")
    )
    assert told() == {
        "group": "Interns",
        "changes": {
            "name": ["Interns", "Trainees"],
            "permissions": [["badges.view_claim"], ["badges.view_badgemeta"]],
        },
    }


def test_a_deleted_group_is_told_with_all_that_it_was(origin):
    group = create_access_group(origin=origin, name="Interns", permissions=right("view_claim"))
    IntegratorFactory(name="Engine", access_groups=["Interns"])
    UserFactory(username="nina", role="Interns")

    delete_access_group(origin=origin, group_id=group.pk)

    assert not Group.objects.filter(name="Interns").exists()
    assert told()["changes"] == {
        "name": ["Interns", None],
        "permissions": [["badges.view_claim"], None],
        "members": [["nina"], None],
        "integrators": [["Engine"], None],
    }


def test_a_built_in_group_is_not_deleted(origin):
    with refused(400):
        delete_access_group(origin=origin, group_id=Group.objects.get(name="Default").pk)
    assert Group.objects.filter(name="Default").exists()
    row = RequestLog.objects.get()
    assert (row.operation, row.outcome) == (
        Operation.DELETE_ACCESS_GROUP,
        RequestOutcome.REFUSED,
    )
