"""The built-in groups and their permissions."""

import json

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from badges.models import Channel, Operation, RequestLog
from badges.roles import ROLES
from badges.services.access.built_in_groups import install_roles
from tests.factories import IntegratorFactory

pytestmark = pytest.mark.django_db


def rights(group_name):
    group = Group.objects.get(name=group_name)
    return set(group.permissions.values_list("codename", flat=True))


@pytest.mark.parametrize("name", ROLES)
def test_a_built_in_group_has_exactly_the_permissions_of_the_table(name):
    assert rights(name) == set(ROLES[name])


def test_every_permission_of_the_table_exists():
    known = Permission.objects.filter(content_type__app_label="badges")
    named = {codename for codenames in ROLES.values() for codename in codenames}
    assert named <= set(known.values_list("codename", flat=True))


@pytest.mark.parametrize(
    ("fixture", "may", "may_not"),
    [
        (
            "member_care",
            ["earn_badge", "view_requestlog", "view_badgegroup", "view_customfield"],
            ["add_badgemeta", "add_integrator", "change_badgegroup", "change_customfield"],
        ),
        (
            "supervisor",
            [
                "earn_badge",
                "change_badgemeta",
                "add_integrator",
                "add_badgegroup",
                "add_customfield",
            ],
            ["view_receipt"],
        ),
        (
            "auditor",
            ["view_requestlog", "view_badgerevision", "view_badgegroup", "view_customfield"],
            ["earn_badge", "change_badgemeta", "add_badgegroup", "change_customfield"],
        ),
    ],
)
def test_users_have_the_permissions_of_their_role(request, fixture, may, may_not):
    user = request.getfixturevalue(fixture)
    assert all(user.has_perm(f"badges.{right}") for right in may)
    assert not any(user.has_perm(f"badges.{right}") for right in may_not)


@pytest.mark.parametrize("name", ROLES)
def test_no_role_may_delete_or_write_a_ledger_directly(name):
    ledgers = ("earnedbadge", "enrolment", "requestlog", "badgerevision")
    forbidden = {f"{verb}_{ledger}" for ledger in ledgers for verb in ("add", "change", "delete")}
    assert not rights(name) & forbidden
    assert not any(right.startswith("delete_") for right in rights(name))


def test_an_integrator_has_the_permissions_of_its_access_groups(integrator):
    principal = type(integrator).objects.principal(pk=integrator.pk)
    assert principal.rights == {f"badges.{codename}" for codename in ROLES["Default"]}


def test_an_integrator_without_groups_has_no_permissions():
    outsider = IntegratorFactory(access_groups=[])
    principal = type(outsider).objects.principal(pk=outsider.pk)
    assert principal.rights == frozenset()


def test_migrate_removes_other_permissions_of_a_built_in_group():
    extra = Permission.objects.get(codename="add_badgemeta")
    Group.objects.get(name="Auditor").permissions.add(extra)

    install_roles()

    assert rights("Auditor") == set(ROLES["Auditor"])


def test_migrate_keeps_groups_of_the_administrator():
    own = Group.objects.create(name="Interns")
    own.permissions.add(Permission.objects.get(codename="view_badgemeta"))

    install_roles()

    assert rights("Interns") == {"view_badgemeta"}


@pytest.mark.django_db(transaction=True)
def test_the_groups_survive_a_flush():
    call_command("flush", interactive=False, verbosity=0)
    assert rights("MemberCare") == set(ROLES["MemberCare"])


def test_restored_permissions_are_recorded():
    Group.objects.get(name="Auditor").permissions.add(
        Permission.objects.get(codename="add_badgemeta")
    )

    install_roles()

    row = RequestLog.objects.get()
    assert (row.operation, row.channel) == (Operation.UPDATE_ACCESS_GROUP, Channel.COMMAND)
    before, after = json.loads(row.content)["changes"]["permissions"]
    assert set(before) - set(after) == {"badges.add_badgemeta"}


def test_unchanged_permissions_are_not_recorded():
    Group.objects.get(name="Auditor").delete()

    install_roles()
    install_roles()

    assert rights("Auditor") == set(ROLES["Auditor"])
    assert not RequestLog.objects.exists()
