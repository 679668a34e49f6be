"""Users and groups in the admin: services write them, and users cannot be deleted."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.db.models.signals import pre_save
from django.urls import reverse

from badges.models import Channel, Operation, RequestLog, RequestOutcome
from tests.admin.conftest import user_post
from tests.conftest import shown
from tests.factories import PASSWORD, UserFactory

USERS = "/admin/auth/user/"
GROUPS = "/admin/auth/group/"
NEW_PASSWORD = "another horse, another battery"


def rows():
    found = RequestLog.objects.order_by("pk").values_list("operation", "outcome")
    return [(operation, outcome) for operation, outcome in found]


def new_user(**changes):
    passwords = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    return {"username": "nina", **passwords, **changes}


@pytest.fixture
def nina(db):
    return UserFactory(username="nina", role="MemberCare")


def test_a_user_is_created(admin_client, admin_user):
    answer = admin_client.post(f"{USERS}add/", new_user(), follow=True)

    user = User.objects.get(username="nina")
    assert "was added successfully" in answer.text
    assert answer.redirect_chain[0][0] == reverse("admin:auth_user_change", args=[user.pk])
    assert user.check_password(PASSWORD)
    row = RequestLog.objects.get()
    assert (row.operation, row.user, row.channel) == (
        Operation.CREATE_USER,
        admin_user,
        Channel.MEMBERCARE,
    )
    assert PASSWORD not in row.content
    assert not LogEntry.objects.exists()


def test_a_user_is_created_without_a_password(admin_client):
    post = new_user(usable_password="false", password1="", password2="")
    admin_client.post(f"{USERS}add/", post)

    assert not User.objects.get(username="nina").has_usable_password()


def test_a_refused_user_shows_no_success_message(admin_client, nina):
    answer = admin_client.post(f"{USERS}add/", new_user())

    assert "successfully" not in answer.text
    assert "username" in answer.context["adminform"].form.errors
    assert User.objects.filter(username="nina").count() == 1


def test_a_lost_race_for_the_name_of_a_user_shows_no_success_message(admin_client):
    def take_the_name(sender, instance, **kwargs):
        if instance.outcome == RequestOutcome.ACCEPTED:
            UserFactory(username="nina")

    pre_save.connect(take_the_name, sender=RequestLog)
    answer = admin_client.post(f"{USERS}add/", new_user())
    pre_save.disconnect(take_the_name, sender=RequestLog)

    assert "This name is taken." in answer.text
    assert "successfully" not in answer.text
    assert not User.objects.filter(username="nina").exists()
    assert rows() == [(Operation.CREATE_USER, RequestOutcome.REFUSED)]


def test_a_user_is_deactivated_and_the_groups_changed(admin_client, nina):
    groups = [Group.objects.get(name="Auditor").pk]
    post = user_post(nina, is_active=None, groups=groups, email="nina@example.org")
    answer = admin_client.post(f"{USERS}{nina.pk}/change/", post, follow=True)

    nina.refresh_from_db()
    assert "was changed successfully" in answer.text
    assert (nina.is_active, nina.email) == (False, "nina@example.org")
    assert [group.name for group in nina.groups.all()] == ["Auditor"]
    assert nina.check_password(PASSWORD)
    assert json.loads(RequestLog.objects.get().content)["changes"] == {
        "is_active": [True, False],
        "email": ["", "nina@example.org"],
        "groups": [["MemberCare"], ["Auditor"]],
    }
    assert not LogEntry.objects.exists()


def test_the_dates_of_a_user_are_read_only(admin_client, nina):
    post = user_post(nina, date_joined_0="2001-01-01", date_joined_1="00:00:00")
    admin_client.post(f"{USERS}{nina.pk}/change/", post)

    assert User.objects.get(pk=nina.pk).date_joined == nina.date_joined


@pytest.mark.parametrize(
    ("post", "usable"),
    [
        ({"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}, True),
        ({"usable_password": "false", "unset-password": "on"}, False),
    ],
)
def test_a_password_is_set(admin_client, nina, post, usable):
    answer = admin_client.post(f"{USERS}{nina.pk}/password/", post, follow=True)

    nina.refresh_from_db()
    assert "The password of nina was set." in answer.text
    assert nina.check_password(NEW_PASSWORD) is usable
    assert rows() == [(Operation.SET_PASSWORD, RequestOutcome.ACCEPTED)]
    assert NEW_PASSWORD not in RequestLog.objects.get().content


@pytest.mark.parametrize(
    "post",
    [
        {"password1": NEW_PASSWORD, "password2": "other", "usable_password": "true"},
        {"password1": "short", "password2": "short", "usable_password": "true"},
        {"usable_password": "false"},
    ],
)
def test_a_weak_password_is_not_set(admin_client, nina, post):
    admin_client.post(f"{USERS}{nina.pk}/password/", post)

    nina.refresh_from_db()
    assert nina.check_password(PASSWORD)
    assert rows() == []


def test_setting_the_own_password_keeps_the_session(admin_client, admin_user):
    post = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}
    admin_client.post(f"{USERS}{admin_user.pk}/password/", post)

    assert admin_client.get(USERS).status_code == 200


def test_a_user_cannot_be_deleted(admin_client, nina):
    assert admin_client.post(f"{USERS}{nina.pk}/delete/", {"post": "yes"}).status_code == 403
    post = {"action": "delete_selected", "_selected_action": [nina.pk], "post": "yes"}
    admin_client.post(USERS, post)

    assert User.objects.filter(pk=nina.pk).exists()
    assert rows() == []


def test_a_group_is_created_changed_and_deleted(admin_client):
    rights = Permission.objects.filter(codename__in=["view_claim", "view_badgemeta"])
    first, second = rights.values_list("pk", flat=True)

    admin_client.post(f"{GROUPS}add/", {"name": "Interns", "permissions": [first]})
    group = Group.objects.get(name="Interns")
    answer = admin_client.post(
        f"{GROUPS}{group.pk}/change/",
        {"name": "Trainees", "permissions": [second]} | shown(group),
        follow=True,
    )
    assert "was changed successfully" in answer.text
    group.refresh_from_db()
    assert (group.name, [right.pk for right in group.permissions.all()]) == ("Trainees", [second])
    assert admin_client.get(f"{GROUPS}{group.pk}/delete/").status_code == 200
    answer = admin_client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}, follow=True)

    assert "was deleted successfully" in answer.text
    assert not Group.objects.filter(pk=group.pk).exists()
    assert [operation for operation, _outcome in rows()] == [
        Operation.CREATE_ACCESS_GROUP,
        Operation.UPDATE_ACCESS_GROUP,
        Operation.DELETE_ACCESS_GROUP,
    ]
    assert not LogEntry.objects.exists()


def test_a_built_in_group_cannot_be_renamed(admin_client):
    group = Group.objects.get(name="Supervisor")
    held = [right.pk for right in group.permissions.all()]
    post = {"name": "Others", "permissions": held} | shown(group)
    answer = admin_client.post(f"{GROUPS}{group.pk}/change/", post)

    assert "A built-in group cannot be renamed or deleted." in answer.text
    group.refresh_from_db()
    assert group.name == "Supervisor"


def test_a_built_in_group_cannot_be_deleted_and_the_attempt_is_recorded(admin_client):
    group = Group.objects.get(name="Default")
    answer = admin_client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}, follow=True)

    assert "A built-in group cannot be renamed or deleted." in answer.text
    assert "successfully" not in answer.text
    assert Group.objects.filter(name="Default").exists()
    assert rows() == [(Operation.DELETE_ACCESS_GROUP, RequestOutcome.REFUSED)]
