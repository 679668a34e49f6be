"""Users who may change users cannot gain rights beyond their own."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django_otp.plugins.otp_totp.models import TOTPDevice

from badges.models import Channel, RequestLog, RequestOutcome
from badges.services.access import people, second_factor
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another horse, another battery"
KEY = "3132333435363738393031323334353637383930"


def right(codename):
    return Permission.objects.get(codename=codename)


def group(name="Supervisor"):
    return Group.objects.get(name=name)


def everything():
    """Return all rows of users, groups and second factors."""
    return {
        "people": list(User.objects.order_by("pk").values()),
        "groups": list(Group.objects.order_by("pk").values("pk", "name", "permissions")),
        "of people": list(User.objects.order_by("pk").values("pk", "groups", "user_permissions")),
        "devices": list(TOTPDevice.objects.values("pk", "user")),
    }


@pytest.fixture
def keeper(member_care):
    """Return a member of MemberCare who may also change users and groups."""
    keepers = Group.objects.create(name="Keepers of accounts")
    codenames = ["view_user", "add_user", "change_user", "view_group", "add_group", "change_group"]
    keepers.permissions.set(Permission.objects.filter(codename__in=codenames))
    member_care.groups.add(keepers)
    return member_care


@pytest.fixture
def origin(keeper):
    return Origin(channel=Channel.MEMBERCARE, user=keeper)


@pytest.fixture
def root(db):
    return UserFactory(username="root", is_superuser=True)


@pytest.fixture
def former(db):
    """Return an inactive supervisor."""
    return UserFactory(username="former", role="Supervisor", is_active=False)


@pytest.fixture
def customer_service(db):
    """Return a supervisor who may not sign in, because `is_staff` is False."""
    return UserFactory(username="guest", role="Supervisor", is_staff=False)


# Changes that only a superuser may make, with the fixture of the user that is changed.
BEYOND = {
    "make oneself superuser": ("keeper", {"is_superuser": True}),
    "make another superuser": ("auditor", {"is_superuser": True}),
    "give oneself a group": ("keeper", {"groups": ["Supervisor", "MemberCare"]}),
    "give another a group": ("auditor", {"groups": ["Supervisor"]}),
    "give oneself a right": ("keeper", {"user_permissions": ["import_badge"]}),
    "give another a right": ("auditor", {"user_permissions": ["import_badge"]}),
    "rename a superuser": ("root", {"username": "nobody"}),
    "deactivate a superuser": ("root", {"is_active": False}),
    "deactivate somebody with more rights": ("supervisor", {"is_active": False}),
    "deactivate oneself": ("keeper", {"is_active": False}),
    "demote a superuser": ("root", {"is_superuser": False}),
    "switch on somebody with more rights": ("former", {"is_active": True}),
    "make somebody with more rights staff": ("customer_service", {"is_staff": True}),
}


def values_of(named):
    values = dict(named)
    if "groups" in values:
        values["groups"] = Group.objects.filter(name__in=values["groups"])
    if "user_permissions" in values:
        values["user_permissions"] = Permission.objects.filter(
            codename__in=values["user_permissions"]
        )
    return values


def assert_refused_and_recorded(write):
    before = everything()
    with refused(403):
        write()
    assert everything() == before
    row = RequestLog.objects.latest("pk")
    assert (row.outcome, row.code) == (RequestOutcome.REFUSED, 403)


@pytest.mark.parametrize("name", BEYOND)
def test_permissions_beyond_the_own_ones_are_refused(origin, request, name):
    fixture, named = BEYOND[name]
    person = request.getfixturevalue(fixture)
    assert_refused_and_recorded(
        lambda: people.update_user(origin=origin, user_id=person.pk, **values_of(named))
    )


@pytest.mark.parametrize("name", [name for name in BEYOND if BEYOND[name][0] == "auditor"])
def test_a_new_user_with_permissions_beyond_the_own_ones_is_refused(origin, name):
    named = values_of(BEYOND[name][1])
    assert_refused_and_recorded(
        lambda: people.create_user(origin=origin, username="nina", password=PASSWORD, **named)
    )


@pytest.mark.parametrize("fixture", ["root", "supervisor", "former"])
def test_the_account_of_a_user_with_more_permissions_is_protected(origin, request, fixture):
    person = request.getfixturevalue(fixture)
    TOTPDevice.objects.create(user=person, key=KEY, confirmed=True)
    for password in (NEW_PASSWORD, None):
        assert_refused_and_recorded(
            lambda given=password: people.set_password(
                origin=origin, user_id=person.pk, password=given
            )
        )
    assert_refused_and_recorded(lambda: second_factor.reset(origin=origin, user=person))


def test_resetting_the_own_second_factor_requires_a_code(origin, keeper):
    TOTPDevice.objects.create(user=keeper, key=KEY, confirmed=True)
    with refused(400):
        second_factor.reset(origin=origin, user=keeper)
    assert TOTPDevice.objects.exists()


def test_a_group_gets_only_permissions_of_its_editor(origin, keeper):
    more = [right("import_badge")]
    own = keeper.groups.get(name="Keepers of accounts")
    kept_and_more = [*own.permissions.all(), *more]
    assert_refused_and_recorded(
        lambda: people.create_access_group(origin=origin, name="More", permissions=more)
    )
    assert_refused_and_recorded(
        lambda: people.update_access_group(
            origin=origin,
            group_id=own.pk,
            name=own.name,
            permissions=kept_and_more,
        )
    )


def test_permissions_removed_concurrently_do_not_count(origin, keeper, auditor):
    assert keeper.has_perm("badges.earn_badge")  # fills the permission cache of the object
    keeper.groups.remove(group("MemberCare"))
    assert_refused_and_recorded(
        lambda: people.update_user(
            origin=origin, user_id=auditor.pk, groups=Group.objects.filter(name="MemberCare")
        )
    )


def test_changes_within_the_own_permissions_are_allowed(origin, keeper):
    nina = people.create_user(
        origin=origin,
        username="nina",
        password=PASSWORD,
        is_staff=True,
        groups=Group.objects.filter(name="MemberCare"),
        user_permissions=[right("change_user")],
    )
    TOTPDevice.objects.create(user=nina, key=KEY, confirmed=True)
    for is_active in (False, True):
        people.update_user(origin=origin, user_id=nina.pk, is_active=is_active)
    people.set_password(origin=origin, user_id=nina.pk, password=NEW_PASSWORD)
    people.set_password(origin=origin, user_id=keeper.pk, password=NEW_PASSWORD)
    second_factor.reset(origin=origin, user=nina)

    nina.refresh_from_db()
    assert nina.is_active
    assert nina.check_password(NEW_PASSWORD)
    assert not TOTPDevice.objects.exists()


def test_existing_permissions_of_a_user_are_kept(origin, supervisor):
    """The form posts the groups that the user already has, so it grants nothing."""
    people.update_user(
        origin=origin, user_id=supervisor.pk, first_name="Simon", groups=supervisor.groups.all()
    )
    supervisor.refresh_from_db()
    assert supervisor.first_name == "Simon"


def test_a_superuser_and_a_command_have_all_permissions(root, supervisor):
    for origin in (
        Origin(channel=Channel.MEMBERCARE, user=root),
        Origin(channel=Channel.COMMAND),
    ):
        people.update_user(origin=origin, user_id=supervisor.pk, is_superuser=True)
        people.set_password(origin=origin, user_id=supervisor.pk, password=NEW_PASSWORD)
        people.update_user(origin=origin, user_id=supervisor.pk, is_superuser=False)


def test_an_inactive_superuser_has_no_permissions(root, supervisor):
    origin = Origin(channel=Channel.MEMBERCARE, user=root)
    User.objects.filter(pk=root.pk).update(is_active=False)
    with refused(403):
        people.update_user(origin=origin, user_id=supervisor.pk, is_superuser=True)


class TestPages:
    """The admin offers only permitted changes, and refuses the others when they are posted."""

    @pytest.fixture
    def browser(self, client, keeper):
        client.force_login(keeper)
        return client

    def test_the_admin_pages_of_users_are_for_superusers(self, browser, root, keeper):
        """F23: Django's permissions for users give no access; people have pages at the desk."""
        before = everything()
        for address in (
            "/admin/auth/user/",
            "/admin/auth/user/add/",
            f"/admin/auth/user/{root.pk}/change/",
            f"/admin/auth/user/{keeper.pk}/change/",
            f"/admin/auth/user/{keeper.pk}/password/",
        ):
            assert browser.get(address).status_code == 403
            assert browser.post(address, {"username": "nobody"}).status_code == 403
        assert everything() == before

    def test_an_admin_page_of_a_group_offers_the_permissions_of_its_editor(self, browser, keeper):
        page = browser.get("/admin/auth/group/add/")
        offered = page.context["adminform"].form.fields["permissions"].queryset
        assert {row.codename for row in offered} == {
            codename.partition(".")[2] for codename in keeper.get_all_permissions()
        }
        post = {"name": "More", "permissions": [right("import_badge").pk]}
        browser.post("/admin/auth/group/add/", post)
        assert not Group.objects.filter(name="More").exists()
