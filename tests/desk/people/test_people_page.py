"""People at the desk: creation with a set-up link, roles, deactivation and resets (F23)."""

import json
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from badges.models import Operation, RequestLog, UserSecurity
from tests.admin.second_factors import LOG_IN
from tests.conftest import shown
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/desk/people/"
NEW = f"{LIST}new/"
SET_UP = "/admin/set-up/"
NEW_PASSWORD = "another horse, another battery"


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


@pytest.fixture
def nina(db):
    return UserFactory(username="nina", role="MemberCare")


def page_of(person, rest=""):
    return f"{LIST}{person.pk}/{rest}"


def role(name):
    return Group.objects.get(name=name).pk


def link_of(answer):
    """Return the URL of the set-up link on a page."""
    start = answer.text.index(SET_UP)
    return unescape(answer.text[start : answer.text.index("<", start)])


def use(link, password=NEW_PASSWORD, browser=None):
    """Post the form of a set-up link as its page does, and return the response."""
    address, code = link.split("#")
    post = {"code": code, "password1": password, "password2": password}
    return (browser or Client()).post(address, post)


def log_in(username, password=NEW_PASSWORD):
    browser = Client()
    browser.post(LOG_IN, {"username": username, "password": password})
    return browser


def is_signed_in(browser):
    return browser.get("/admin/password_change/").status_code == 200


def create(desk, **changes):
    post = {"username": "nina", "first_name": "Nina", "groups": [role("MemberCare")]}
    return desk.post(NEW, post | changes, follow=True)


@pytest.mark.parametrize(
    ("name", "status"), [("Supervisor", 200), ("Auditor", 403), ("MemberCare", 403), (None, 403)]
)
def test_each_page_of_people_requires_its_permission(client, nina, name, status):
    client.force_login(UserFactory(role=name))
    for page in (LIST, NEW, page_of(nina), page_of(nina, "switch/"), page_of(nina, "reset/")):
        assert client.get(page).status_code == status


def test_a_person_is_created_on_one_page_and_sets_the_password_by_link(desk, supervisor):
    """F23: the new person can log in, and the link works once."""
    answer = create(desk)
    link = link_of(answer)
    nina = User.objects.get(username="nina")
    assert (nina.is_staff, nina.is_active, nina.has_usable_password()) == (True, True, False)
    assert nina.has_perm("badges.earn_badge")
    row = RequestLog.objects.get(operation=Operation.CREATE_USER)
    assert (row.user, json.loads(row.content)["setup_link"]) == (supervisor, True)
    assert not is_signed_in(log_in("nina", ""))

    used = use(link)

    assert used.url == LOG_IN
    assert is_signed_in(log_in("nina"))
    row = RequestLog.objects.get(operation=Operation.SET_PASSWORD)
    assert row.user == nina
    assert "was used" in use(link, PASSWORD).text
    assert is_signed_in(log_in("nina"))


def test_the_code_of_a_setup_link_is_stored_as_a_hash_and_shown_once(desk):
    answer = create(desk)
    code = link_of(answer).split("#")[1]

    stored = f"{list(UserSecurity.objects.values())}{list(RequestLog.objects.values())}"
    assert code not in stored
    assert "no-store" in answer["Cache-Control"]
    page = page_of(User.objects.get(username="nina"), "link/")
    assert code in desk.get(page).text
    desk.post(page)
    assert desk.get(page).status_code == 302
    assert code not in desk.get(page, follow=True).text


@pytest.mark.parametrize("state", ["expired", "deactivated", "replaced", "password set"])
def test_an_invalid_setup_link_sets_no_password(desk, admin_client, state):
    link = link_of(create(desk))
    nina = User.objects.get(username="nina")
    if state == "expired":
        UserSecurity.objects.update(setup_link_ends_at=timezone.now() - timedelta(seconds=1))
    elif state == "deactivated":
        desk.post(page_of(nina, "switch/"), {"active": "no"})
    elif state == "replaced":
        desk.post(page_of(nina, "reset/"))
    else:
        passwords = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
        admin_client.post(f"/admin/auth/user/{nina.pk}/password/", passwords)
    before = User.objects.get(username="nina").password

    answer = use(link)

    assert "was used, or has expired" in answer.text
    assert User.objects.get(username="nina").password == before
    row = RequestLog.objects.latest("pk")
    assert (row.operation, row.code, row.actor) == (Operation.SIGN_IN, 401, "not signed in")


def test_a_weak_password_is_refused_and_the_setup_link_stays_valid(desk):
    link = link_of(create(desk, username="nina-of-the-desk"))
    assert "too short" in use(link, "short").text
    assert "too similar" in use(link, "nina-of-the-desk1").text
    assert use(link).url == LOG_IN


def test_failed_attempts_with_setup_links_are_limited(client, settings):
    answers = [use(f"{SET_UP}#wrong", browser=client).status_code for _time in range(60)]
    assert answers[0] == 200
    assert answers[-1] == 429


def test_a_supervisor_gives_only_roles_within_the_own_rights(desk):
    offered = desk.get(NEW).context["form"].fields["groups"].queryset
    assert {group.name for group in offered} == {"MemberCare", "Supervisor"}

    answer = create(desk, groups=[role("Auditor")])

    assert "groups" in answer.context["form"].errors
    assert not User.objects.filter(username="nina").exists()


def test_an_administrator_gives_every_role_of_staff(admin_client):
    offered = admin_client.get(NEW).context["form"].fields["groups"].queryset
    assert {group.name for group in offered} == {"Auditor", "MemberCare", "Supervisor"}


def test_with_many_groups_other_roles_are_given_by_name(desk):
    Group.objects.bulk_create(Group(name=f"Group {number:04}") for number in range(101))
    offered = desk.get(NEW).context["form"].fields["groups"].queryset
    assert {"MemberCare", "Group 0000"} <= {group.name for group in offered} - {"Group 0100"}

    wrong = create(desk, other_groups="Auditor")
    assert "There is none with the name" in wrong.text
    create(desk, other_groups="Group 0100")

    nina = User.objects.get(username="nina")
    assert {group.name for group in nina.groups.all()} == {"MemberCare", "Group 0100"}


@pytest.mark.parametrize("superuser", [True, False])
def test_a_person_with_more_rights_is_read_only(desk, superuser):
    person = UserFactory(username="root", role="Auditor", is_superuser=superuser)
    before = User.objects.filter(pk=person.pk).values().get()
    page = desk.get(page_of(person))
    assert page.context["form"] is None
    assert "reset/" not in page.text

    assert desk.post(page_of(person), {"first_name": "X"} | shown(person)).status_code == 403
    for rest, post in [("switch/", {"active": "no"}), ("reset/", {})]:
        desk.post(page_of(person, rest), post)

    assert User.objects.filter(pk=person.pk).values().get() == before


def test_the_names_and_roles_of_a_person_are_changed(desk, nina):
    post = {"first_name": "Nina", "groups": [role("Supervisor")]} | shown(nina)
    answer = desk.post(page_of(nina), post, follow=True)

    assert "nina was saved" in answer.text
    nina.refresh_from_db()
    assert nina.first_name == "Nina"
    assert [group.name for group in nina.groups.all()] == ["Supervisor"]


def test_a_person_is_deactivated_and_reactivated(desk, nina):
    browser = log_in("nina", PASSWORD)
    assert is_signed_in(browser)

    desk.post(page_of(nina, "switch/"), {"active": "no"})
    assert not is_signed_in(browser)
    assert not is_signed_in(log_in("nina", PASSWORD))
    nina.refresh_from_db()
    desk.post(page_of(nina, "switch/"), {"active": "yes"} | shown(nina))

    assert not is_signed_in(browser)
    assert is_signed_in(log_in("nina", PASSWORD))


def test_users_cannot_deactivate_or_reset_themselves(desk, supervisor, admin_client, admin_user):
    for browser, person in ((desk, supervisor), (admin_client, admin_user)):
        answer = browser.post(page_of(person, "switch/"), {"active": "no"}, follow=True)
        assert "You cannot deactivate yourself." in answer.text
        assert "Change your own password" in browser.post(page_of(person, "reset/")).text
        person.refresh_from_db()
        assert person.is_active
        assert person.has_usable_password()


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_reset_ends_the_password_and_if_chosen_the_second_factor(desk, nina, is_lost):
    TOTPDevice.objects.create(user=nina, confirmed=True)
    post = {"second_factor": "on"} if is_lost else {}

    answer = desk.post(page_of(nina, "reset/"), post, follow=True)

    link = link_of(answer)
    assert ("Set-up code for the second factor" in answer.text) is is_lost
    nina.refresh_from_db()
    assert not nina.has_usable_password()
    assert nina.totpdevice_set.exists() is not is_lost
    assert use(link).url == LOG_IN


def test_a_role_with_a_required_second_factor_comes_with_a_setup_code(desk, settings):
    settings.SECOND_FACTOR_FOR = ["MemberCare"]
    assert "Set-up code for the second factor" in create(desk).text


def test_the_list_of_people_has_roles_status_and_last_login(desk, nina):
    nina.last_login = timezone.now()
    nina.save()
    UserFactory(username="former", is_active=False)
    create(desk, username="invited")

    rows = {row["person"].username: row for row in desk.get(LIST).context["rows"]}

    assert list(rows) == sorted(rows)
    assert {name: str(row["state"].label) for name, row in rows.items()} == {
        "former": "Deactivated",
        "invited": "Invited",
        "nina": "Active",
        "simon": "Active",
    }
    page = desk.get(LIST, {"q": "NINA"})
    assert {row["person"].username for row in page.context["rows"]} == {"invited", "nina"}
    assert "MemberCare" in page.text
    assert f"{nina.last_login:%Y-%m-%dT%H:%M}" in page.text
    assert "Nobody matches" in desk.get(LIST, {"q": "no such"}).text


def test_the_query_count_of_the_list_of_people_is_constant(desk, django_assert_max_num_queries):
    UserFactory.create_batch(5, role="MemberCare")
    desk.get(LIST)
    with django_assert_max_num_queries(8):
        desk.get(LIST)


def test_the_form_of_all_permissions_is_for_superusers_only(client, admin_client, nina, supervisor):
    """F23: the raw form of Django is no page for supervisors."""
    page = f"/admin/auth/user/{nina.pk}/change/"
    client.force_login(supervisor)
    assert client.get(page).status_code == 403
    assert page not in client.get(page_of(nina)).text
    assert admin_client.get(page).status_code == 200
    assert page in admin_client.get(page_of(nina)).text


def test_the_sign_in_page_has_no_link_back_to_itself(client):
    assert "Return to site" not in client.get(LOG_IN).text  # F35
