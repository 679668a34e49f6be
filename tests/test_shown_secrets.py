"""Secrets that a page shows after a redirect: encrypted, for one session, for ten minutes. F6."""

import json

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from badges import shown_secrets
from badges.models import Integrator

pytestmark = pytest.mark.django_db

NEW = "/desk/integrators/new/"


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


@pytest.fixture
def page(desk):
    """Create an integrator, and return the address of the page with its secret."""
    return desk.post(NEW, {"name": "Journeys"}).url


def secret_on(answer):
    return answer.context and answer.context.get("secret")


def test_a_page_with_a_secret_can_be_loaded_again(desk, page):
    first, second = desk.get(page), desk.get(page)

    assert Integrator.objects.get().knows(secret_on(first))
    assert secret_on(second) == secret_on(first)
    assert "no-store" in first["Cache-Control"]
    assert Integrator.objects.count() == 1


def test_the_database_does_not_reveal_a_shown_secret(desk, page):
    secret = secret_on(desk.get(page))

    stored = Session.objects.get()

    data = desk.session.load()
    assert secret not in json.dumps(data)
    assert shown_secrets.STORED in data
    copy = type(desk.session)()  # a session with another key, as a reader of the table could make
    copy.update(data)
    copy.create()
    assert shown_secrets.read(copy, f"integrator-{Integrator.objects.get().pk}") is None
    assert stored.session_key != desk.session.session_key


def test_a_confirmed_secret_is_removed(desk, page):
    assert desk.post(page).url == page.removesuffix("secret/")

    assert shown_secrets.STORED not in desk.session
    answer = desk.get(page, follow=True)
    assert secret_on(answer) is None
    assert "not shown any more" in answer.text


def test_a_shown_secret_expires_and_is_removed_by_the_next_request(desk, page):
    session = desk.session
    for stored in session[shown_secrets.STORED].values():
        stored[0] -= shown_secrets.TIMEOUT
    session.save()

    desk.get("/desk/issue/")

    assert shown_secrets.STORED not in desk.session
    assert desk.get(page).status_code == 302


def test_another_session_of_the_same_user_does_not_see_the_secret(desk, page, supervisor):
    other = Client()
    other.force_login(supervisor)
    assert other.get(page).status_code == 302


def test_an_unfinished_secret_of_one_integrator_leaves_others_alone(desk, page, integrator):
    assert desk.get(f"/desk/integrators/{integrator.pk}/secret/").status_code == 302
    assert secret_on(desk.get(page))
