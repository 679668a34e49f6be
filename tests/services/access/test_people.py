"""Users and groups: the request log has each change, but no password."""

import json

import pytest
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ProtectedError

from badges.models import Channel, RequestLog, RequestOutcome
from badges.roles import ROLES
from badges.services.access.people import (
    create_access_group,
    create_user,
    delete_access_group,
    set_password,
    update_access_group,
    update_user,
)
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import PASSWORD, IntegratorFactory, UserFactory

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another horse, another battery"


@pytest.fixture
def origin(db):
    """Return the origin of a superuser's form that contains a password."""
    superuser = UserFactory(username="root", is_superuser=True)
    return Origin(
        channel=Channel.MEMBERCARE, user=superuser, content=f'{{"password1": "{PASSWORD}"}}'
    )


def recorded():
    return json.loads(RequestLog.objects.latest("pk").content)


def right(codename):
    return Permission.objects.filter(codename=codename).select_related("content_type")


def test_a_new_user_is_recorded_with_groups_and_permissions_but_without_password(origin):
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
    assert recorded() == {
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

    assert recorded()["password"] is False
    assert not User.objects.get(username="nina").has_usable_password()


def test_a_change_of_a_user_is_recorded_by_field(origin):
    user = UserFactory(username="nina", email="nina@old.example", role="MemberCare")

    update_user(
        origin=origin,
        user_id=user.pk,
        email="nina@new.example",
        is_staff=True,
        is_active=False,
        groups=Group.objects.filter(name__in=["Auditor", "Supervisor"]),
    )

    assert recorded() == {
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
def test_an_invalid_change_of_a_user_changes_nothing(origin, member_care, values, code):
    user = UserFactory(username="nina")
    with refused(code):
        update_user(origin=origin, user_id=user.pk, **values, first_name="Nina")
    user.refresh_from_db()
    assert (user.username, user.email, user.first_name) == ("nina", "", "")


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_setting_a_password_is_recorded_without_the_password(origin, password):
    user = UserFactory(username="nina", first_name="Nina")
    user.first_name = "not saved"

    set_password(origin=origin, user_id=user.pk, password=password)

    user.refresh_from_db()
    assert user.has_usable_password() is bool(password)
    assert user.first_name == "Nina"
    assert recorded() == {"user": "nina", "password": bool(password)}


@pytest.mark.parametrize("password", ["short", "123456789012", "password1234"])
def test_a_weak_password_is_refused_through_every_channel(origin, password):
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


def test_a_user_with_requests_cannot_be_deleted(origin):
    create_user(origin=origin, username="nina", password=PASSWORD)
    with pytest.raises(ProtectedError):
        origin.user.delete()


def test_a_change_of_a_group_is_recorded_by_permission(origin):
    group = create_access_group(origin=origin, name="Interns", permissions=right("view_claim"))
    assert recorded()["changes"] == {
        "name": [None, "Interns"],
        "permissions": [None, ["badges.view_claim"]],
    }

    update_access_group(
        origin=origin, group_id=group.pk, name="Trainees", permissions=right("view_badgemeta")
    )
    assert recorded() == {
        "group": "Interns",
        "changes": {
            "name": ["Interns", "Trainees"],
            "permissions": [["badges.view_claim"], ["badges.view_badgemeta"]],
        },
    }


def test_a_deleted_group_is_recorded_with_all_its_fields(origin):
    group = create_access_group(origin=origin, name="Interns", permissions=right("view_claim"))
    IntegratorFactory(name="Engine", access_groups=["Interns"])
    UserFactory(username="nina", role="Interns")

    delete_access_group(origin=origin, group_id=group.pk)

    assert not Group.objects.filter(name="Interns").exists()
    assert recorded()["changes"] == {
        "name": ["Interns", None],
        "permissions": [["badges.view_claim"], None],
        "members": [["nina"], None],
        "integrators": [["Engine"], None],
    }


@pytest.mark.parametrize("name", [*ROLES, "Helpers"])
@pytest.mark.parametrize("change", ["rename", "delete"])
def test_a_built_in_group_cannot_be_renamed(origin, settings, name, change):
    settings.SECOND_FACTOR_FOR = ["Helpers", "superuser"]
    group, _made = Group.objects.get_or_create(name=name)
    member = UserFactory(username="nina", role=name)
    with refused(400):
        if change == "rename":
            update_access_group(origin=origin, group_id=group.pk, name="Others")
        else:
            delete_access_group(origin=origin, group_id=group.pk)

    assert member.groups.get().name == name
    assert RequestLog.objects.get().outcome == RequestOutcome.REFUSED


def test_a_built_in_group_may_change_otherwise(origin, settings):
    settings.SECOND_FACTOR_FOR = ["Helpers"]
    group = create_access_group(origin=origin, name="Helpers")

    update_access_group(
        origin=origin, group_id=group.pk, name="Helpers", permissions=right("view_claim")
    )

    assert group.permissions.get().codename == "view_claim"
