"""Forms with thousands of groups list the first ones, and accept the others by name."""

import pytest
from django.contrib.auth.models import Group

from badges.choice_fields import MAX_OFFERED
from badges.models import BadgeGroup, BadgeMeta, Integrator
from tests.conftest import shown
from tests.factories import BadgeMetaFactory, IntegratorFactory, UserFactory

pytestmark = pytest.mark.django_db

LAST = "Group 0119"


@pytest.fixture
def browser(client):
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


@pytest.fixture
def groups():
    names = [f"Group {number:04}" for number in range(MAX_OFFERED + 20)]
    Group.objects.bulk_create(Group(name=name) for name in names)
    BadgeGroup.objects.bulk_create(BadgeGroup(name=name, rank=1) for name in names)


def test_a_badge_form_offers_the_first_groups_and_the_one_it_has(browser, groups):
    badge = BadgeMetaFactory(group=BadgeGroup.objects.get(name=LAST))

    page = browser.get(f"/desk/badges/{badge.pk}/edit/").content.decode()

    assert page.count(">Group 0") == MAX_OFFERED + 1
    assert f'value="{badge.group_id}" selected' in page


def test_a_badge_is_assigned_by_name_to_a_group_that_is_not_listed(browser, groups):
    badge = BadgeMetaFactory()
    address = f"/desk/badges/{badge.pk}/edit/"
    form = browser.get(address).context["forms"].form
    limits = {"limits-TOTAL_FORMS": 0, "limits-INITIAL_FORMS": 0}
    fields = {name: form[name].value() for name in form.fields}
    fields = {name: value for name, value in fields.items() if value is not None}
    before = {form[name].html_initial_name: value for name, value in fields.items()}

    unknown = browser.post(address, before | fields | limits | {"other_group": "Nobody's"})
    answer = browser.post(address, before | fields | limits | {"other_group": LAST})

    assert "There is none with the name" in unknown.content.decode()
    assert answer.status_code == 302, answer.context["forms"].form.errors
    assert BadgeMeta.objects.get().group.name == LAST


def test_few_groups_have_no_field_for_others(browser):
    BadgeGroup.objects.create(name="One", rank=1)

    for address in ("/desk/badges/new/", "/desk/integrators/new/"):
        page = browser.get(address).content.decode()
        assert "other_group" not in page
        assert "other_access_groups" not in page


@pytest.mark.parametrize(
    "address", ["/desk/integrators/new/", "/admin/badges/integrator/add/"], ids=["desk", "admin"]
)
def test_an_integrator_is_assigned_to_groups_that_are_not_listed(browser, groups, address):
    answer = browser.post(address, {"name": "Engine", "other_access_groups": f"{LAST}\nGroup 0118"})

    assert answer.status_code == 302
    made = Integrator.objects.get(name="Engine")
    assert {group.name for group in made.access_groups.all()} == {LAST, "Group 0118"}


@pytest.mark.parametrize(
    "address", ["/desk/integrators/{}/", "/admin/badges/integrator/{}/change/"]
)
def test_an_integrator_keeps_its_groups_and_gets_another(browser, groups, address):
    integrator = IntegratorFactory(access_groups=[LAST])
    address = address.format(integrator.pk)
    page = browser.get(address)
    assert f"{LAST}" in page.content.decode()
    held = [group.pk for group in integrator.access_groups.all()]
    fields = {"name": integrator.name, "active": "on", "access_groups": held}
    fields |= {**shown(integrator), "other_access_groups": "Group 0118"}
    fields |= {"initial-access_groups": held, "initial-name": integrator.name}

    browser.post(address, fields)

    names = {group.name for group in integrator.access_groups.all()}
    assert names == {LAST, "Group 0118"}


def test_a_user_is_shown_only_with_their_groups(browser, groups):
    user = UserFactory()
    user.groups.add(Group.objects.get(name=LAST))

    page = browser.get(f"/admin/auth/user/{user.pk}/change/").content.decode()

    assert LAST in page
    assert "Group 0001" not in page
    assert "Group 0001" not in browser.get("/admin/auth/user/").content.decode()
