"""Saved filters at the desk: saved, shared and deleted on their page (6.9)."""

import pytest

from badges.models import Operation, RequestLog, SavedFilter
from tests.factories import BadgeMetaFactory, UserFactory

pytestmark = pytest.mark.django_db

LOG = "/desk/requests/"
PAGES = [LOG, "/desk/history/issued/", "/desk/history/definitions/"]


@pytest.fixture
def browser(client, auditor):
    client.force_login(auditor)
    return client


@pytest.mark.parametrize("page", PAGES)
def test_a_saved_filter_is_shown_only_on_its_page(browser, auditor, page):
    badge = BadgeMetaFactory(name="Welcome")

    answer = browser.post(f"{page}filters/", {"name": "Mine", "badge": "welc", "since": ""})

    kept = SavedFilter.objects.get()
    assert (kept.user, kept.name, kept.query) == (auditor, "Mine", f"badge={badge.pk}")
    assert answer["Location"] == f"{page}?badge={badge.pk}"
    for each in PAGES:
        assert (f'href="{each}?badge={badge.pk}"' in browser.get(each).text) is (each == page)
    request = RequestLog.objects.get()
    assert (request.operation, request.user) == (Operation.SAVE_FILTER, auditor)


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({"name": "Mine"}, "Set at least one filter"),
        ({"name": "Mine", "outcome": "MAYBE"}, "Set at least one filter"),
        ({"name": "", "outcome": "REFUSED"}, "Give the view a name"),
        ({"name": "x" * 101, "outcome": "REFUSED"}, "Give the view a name"),
        ({"name": "\0", "outcome": "REFUSED"}, "Give the view a name"),
        ({"name": "Known", "outcome": "REFUSED"}, "Another filter of yours has this name."),
    ],
)
def test_an_invalid_saved_filter_is_reported(browser, auditor, posted, words):
    SavedFilter.objects.create(user=auditor, ledger="issued", name="Known", query="badge=x")

    page = browser.post(f"{LOG}filters/", posted, follow=True)

    assert words in page.text
    assert SavedFilter.objects.get().ledger == "issued"


def test_a_saved_filter_is_deleted(browser, auditor):
    kept = SavedFilter.objects.create(user=auditor, ledger="requests", name="Old", query="code=815")

    page = browser.post(f"{LOG}filters/{kept.pk}/delete/", follow=True)

    assert "was deleted" in page.text
    assert not SavedFilter.objects.exists()
    assert RequestLog.objects.get().operation == Operation.DELETE_FILTER


def test_a_saved_filter_of_another_user_is_neither_shown_nor_deleted(browser):
    kept = SavedFilter.objects.create(
        user=UserFactory(), ledger="requests", name="Theirs", query="code=815"
    )

    page = browser.post(f"{LOG}filters/{kept.pk}/delete/", follow=True)

    assert "You have no such filter." in page.text
    assert "Theirs" not in page.text
    assert SavedFilter.objects.get() == kept


@pytest.mark.parametrize("page", PAGES)
def test_saving_a_filter_requires_the_permission_of_the_page(client, page):
    user = UserFactory()
    client.force_login(user)
    kept = SavedFilter.objects.create(user=user, ledger="requests", name="Old", query="code=815")

    answers = [
        client.post(f"{page}filters/", {"name": "Mine", "channel": "API"}),
        client.post(f"{page}filters/{kept.pk}/delete/"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert SavedFilter.objects.get() == kept
    assert not RequestLog.objects.exists()


@pytest.mark.parametrize("page", PAGES)
def test_a_get_request_saves_no_filter(browser, auditor, page):
    kept = SavedFilter.objects.create(user=auditor, ledger="requests", name="Old", query="code=815")

    assert browser.get(f"{page}filters/").status_code == 405
    assert browser.get(f"{page}filters/{kept.pk}/delete/").status_code == 405
    assert SavedFilter.objects.get() == kept


@pytest.mark.parametrize("page", PAGES)
def test_a_shared_filter_is_shown_to_colleagues_with_the_name_of_its_owner(browser, client, page):
    browser.post(f"{page}filters/", {"name": "Ours", "channel": "API", "shared": "yes"})
    kept = SavedFilter.objects.get()

    client.force_login(UserFactory(role="Auditor"))
    shown = client.get(page).text

    assert "Ours" in shown
    assert f"shared by {kept.user}" in shown
    assert f"filters/{kept.pk}/" not in shown  # neither to share nor to delete
    assert "Ours" not in client.get(next(each for each in PAGES if each != page)).text


@pytest.mark.parametrize("page", PAGES)
def test_a_filter_is_shared_and_private_again(browser, client, page):
    browser.post(f"{page}filters/", {"name": "Ours", "channel": "API"})
    kept = SavedFilter.objects.get()

    for value, shared, words in (("yes", True, "can use the view"), ("no", False, "no longer")):
        data = {"shared": value}
        answer = browser.post(f"{page}filters/{kept.pk}/share/", data, follow=True)
        kept.refresh_from_db()
        assert kept.shared is shared
        assert words in answer.text


def test_a_supervisor_may_delete_a_shared_filter(client, auditor):
    kept = SavedFilter.objects.create(
        user=auditor, ledger="requests", name="Theirs", query="code=815", shared=True
    )
    client.force_login(UserFactory(role="Supervisor"))

    assert f"filters/{kept.pk}/delete/" in client.get(LOG).text
    client.post(f"{LOG}filters/{kept.pk}/delete/")

    assert not SavedFilter.objects.exists()


def test_a_saved_view_keeps_the_order_and_the_name_of_the_period(browser):
    browser.post(f"{LOG}filters/", {"name": "Mine", "period": "last-week", "sort": "time"})

    assert SavedFilter.objects.get().query == "period=last-week&sort=time"
