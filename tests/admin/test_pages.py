"""Each role may open its pages, and invalid parameters do not break any page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from tests.admin.conftest import ROLES, page
from tests.factories import (
    BadgeMetaFactory,
    ClaimFactory,
    IntegratorFactory,
    UserFactory,
)

FACTORIES = {
    "badgemeta": lambda: BadgeMetaFactory(claimed=True),
    "claim": ClaimFactory,
    "integrator": IntegratorFactory,
}
LEDGERS = ["enrolment", "earnedbadge", "requestlog"]
READABLE = ["badgemeta", "claim"]


def may_view(role, model):
    return model != "integrator" or role != "member_care"


def may_add(role):
    return role == "supervisor"


@pytest.mark.parametrize("model", FACTORIES)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_its_permitted_admin_pages(as_role, role, model):
    row = FACTORIES[model]()
    browser = as_role(role)
    seen = 200 if may_view(role, model) else 403
    assert browser.get(page(f"{model}_changelist")).status_code == seen
    assert browser.get(page(f"{model}_change", row.pk)).status_code == seen
    assert browser.get(page(f"{model}_add")).status_code == (200 if may_add(role) else 403)


@pytest.mark.parametrize("model", FACTORIES)
@pytest.mark.parametrize("role", ROLES)
def test_no_admin_page_deletes(as_role, role, model):
    row = FACTORIES[model]()
    answer = as_role(role).post(page(f"{model}_delete", row.pk), {"post": "yes"})
    assert answer.status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", ["badgemeta", "integrator"])
@pytest.mark.parametrize("role", ["member_care", "auditor"])
def test_readers_cannot_change_anything_in_the_admin(as_role, role, model):
    row = FACTORIES[model]()
    answer = as_role(role).post(page(f"{model}_change", row.pk), {"name": "Other"})
    assert answer.status_code == 403
    assert type(row).objects.get(pk=row.pk).name == row.name


@pytest.mark.parametrize("model", ["user", "group"])
def test_users_and_groups_are_for_administrators(as_role, admin_client, supervisor, model):
    address = reverse(f"admin:auth_{model}_changelist")
    assert admin_client.get(address).status_code == 200
    assert as_role("supervisor").get(address).status_code == 403


def test_an_administrator_adds_a_user_in_the_theme(admin_client, supervisor):
    assert "border-base-200" in admin_client.get(reverse("admin:auth_user_add")).text
    change = admin_client.get(reverse("admin:auth_user_change", args=[supervisor.pk]))
    assert "simon" in change.text


@pytest.mark.parametrize(
    "model", ["accesstoken", "refreshtoken", "grant", "idtoken", "application", "devicegrant"]
)
def test_the_admin_has_no_pages_of_the_oauth_toolkit(model):
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:oauth2_provider_{model}_changelist")


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        ("member_care", ["Issue badge", "Badge groups", "Request log"], ["Integrators", "People"]),
        ("supervisor", ["Issue badge", "Custom fields", "Integrators", "People"], ["Exports"]),
        ("auditor", ["Request log", "Integrators"], ["Issue badge", "People"]),
    ],
)
def test_the_home_page_links_to_the_permitted_pages_of_a_role(as_role, role, shown, hidden):
    text = as_role(role).get(reverse("desk:home")).text
    assert all(text.count(f">{title}<") == 2 for title in shown)  # a card and a menu entry
    assert not any(f">{title}<" in text for title in hidden)


def test_the_home_page_explains_a_missing_role(client, db):
    client.force_login(UserFactory())
    assert "You have no role yet" in client.get(reverse("desk:home")).text


def test_the_index_of_the_admin_is_the_home_page(as_role):  # F7
    assert as_role("auditor").get(reverse("admin:index")).url == reverse("desk:home")


def test_every_link_of_the_home_page_opens(as_role):
    browser = as_role("auditor")
    for group in browser.get(reverse("desk:home")).context["sidebar_navigation"]:
        for item in group["items"]:
            if item["has_permission"]:
                assert browser.get(str(item["link"])).status_code == 200


@pytest.mark.parametrize("model", FACTORIES)
def test_the_query_count_of_an_admin_list_is_constant(at_work, model):
    address = page(f"{model}_changelist")
    FACTORIES[model]()
    at_work.get(address)
    with CaptureQueriesContext(
        connection,
    ) as few:
        at_work.get(address)
    for _number in range(8):
        FACTORIES[model]()
    with CaptureQueriesContext(connection) as many:
        at_work.get(address)
    assert len(many) == len(few)


@pytest.mark.parametrize("model", LEDGERS)
def test_the_admin_has_no_pages_of_ledgers(model):
    for name in ("changelist", "add"):
        with pytest.raises(NoReverseMatch):
            page(f"{model}_{name}")


JUNK = ["x", "' OR 1=1", "99999999999999999999999", "-1", "²", "é" * 300, "0" * 24, '"', "%", "\\"]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("model", FACTORIES)
def test_an_invalid_search_text_finds_nothing(at_work, model, junk):
    FACTORIES[model]()
    answer = at_work.get(page(f"{model}_changelist"), {"q": junk})
    assert answer.status_code == 200


NONSENSE_FILTERS = [
    {"badge__id__exact": "nothing"},
    {"active__exact": "perhaps"},
    {"status": "LOST"},
    {"owner": "Nobody"},
    {"customer_id": "x"},
    {"reference_id": "\x00"},
    {"p": "9999999"},
    {"o": "99.-x"},
]


@pytest.mark.parametrize("nonsense", NONSENSE_FILTERS)
@pytest.mark.parametrize("model", FACTORIES)
def test_an_invalid_filter_is_no_error(at_work, model, nonsense):
    FACTORIES[model]()
    answer = at_work.get(page(f"{model}_changelist"), nonsense, follow=True)
    assert answer.status_code == 200


@pytest.mark.parametrize("key", ["nothing", "\x00", "%", "99999999999999999999999"])
@pytest.mark.parametrize("model", FACTORIES)
def test_an_unknown_row_is_reported(at_work, model, key):
    answer = at_work.get(page(f"{model}_change", key), follow=True)
    assert "Perhaps it was deleted?" in answer.text


@pytest.mark.parametrize("model", READABLE)
def test_an_admin_page_requires_a_sign_in(client, db, model):
    address = page(f"{model}_changelist")
    assert client.get(address).url == f"{reverse('admin:login')}?next={address}"


@pytest.mark.parametrize("name", ["auth_user_changelist", "password_change"])
def test_an_admin_page_has_a_main_landmark_and_a_skip_link(admin_client, name):
    text = admin_client.get(reverse(f"admin:{name}")).text
    assert text.count('role="main"') == 1
    assert text.index('href="#main"') < text.index("<nav")


def test_the_sign_in_page_has_a_main_landmark(client):
    assert client.get(reverse("admin:login")).text.count("<main>") == 1
