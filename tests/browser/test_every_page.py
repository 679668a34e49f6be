"""Every page of the table, in both themes: axe, the console, overflow, and the focus."""

import os
from importlib.util import find_spec

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import get_resolver

from badges.models import Person
from tests.browser.pages import NO_PAGES, NOTHING_YET, TABLES
from tests.browser.scene import furnish, people
from tests.conftest import need

PICTURES = "BADGEADMIN_SCREENSHOTS" in os.environ


class Visitor:
    """A page of the browser that visits the rows of the table and records the console."""

    def __init__(self, page, address):
        self.page, self.address, self._said = page, address, []
        page.on("console", lambda said: self._said.append((said.type, said.text)))
        page.on("pageerror", lambda error: self._said.append(("error", str(error))))

    def go_to(self, row, scene):
        """Log in as the user of a row, open its address and perform its steps."""
        self._said.clear()
        self.page.set_viewport_size({"width": 1440, "height": 1000})
        # A page that polls reloads itself when its session ends, which would abort the next
        # navigation. Therefore the page is left before its cookies are removed.
        self.page.goto("about:blank")
        self.page.context.clear_cookies()
        if row.user:
            self._be(row.user)
        answer = self.page.goto(row.address.format(**scene))
        assert answer.status == row.status, row.title
        self.page.wait_for_load_state("load")
        if row.steps:
            row.steps(self.page)
            self.page.wait_for_load_state("load")

    def complaints(self, row):
        """Return errors and warnings of the console, except for the expected status."""
        expected = f"status of {row.status} "
        complaints = [text for kind, text in self._said if kind in ("error", "warning")]
        return [text for text in complaints if expected not in text]

    def _be(self, username):
        browser = Client()
        browser.force_login(Person.objects.get(username=username))
        session = {"name": "sessionid", "value": browser.cookies["sessionid"].value}
        self.page.context.add_cookies([session | {"url": self.address}])


@pytest.fixture
def visitor(chromium, live_server):
    context = chromium.new_context(base_url=live_server.url)
    yield Visitor(context.new_page(), live_server.url)
    context.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", TABLES)
def test_a_page_passes_all_browser_checks(audit_files, visitor, shoot, table):
    need(find_spec("axe_playwright_python") is not None, "axe-playwright-python is not installed")
    from tests.browser.checks import findings, looks

    scene = vars(people() if table == NOTHING_YET else furnish())
    found = []
    for number, row in enumerate(TABLES[table]):
        visitor.go_to(row, scene)
        against = findings(visitor.page, number) + visitor.complaints(row)
        found += [f"{row.title}: {each}" for each in against]
        for look in looks(visitor.page) if PICTURES else ():
            shoot(visitor.page, f"{row.title}-{look}")
    assert not found, "\n".join(found)


def test_every_route_of_the_desk_is_in_the_table():
    _prefix, desk = get_resolver().namespace_dict["desk"]
    routes = {f"desk:{name}" for name in desk.reverse_dict if isinstance(name, str)}

    missing = routes - routes_of_the_table() - NO_PAGES

    assert not missing, "tests/browser/pages.py has no row for them"


@pytest.mark.django_db
def test_every_table_of_the_admin_is_in_the_table():
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True)
    expected = {"admin:login", "admin:logout", "admin:password_change"}
    for model, pages in admin.site._registry.items():
        kinds = ["changelist", "change", *(["add"] if pages.has_add_permission(request) else [])]
        expected |= {
            f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}" for kind in kinds
        }

    missing = expected - routes_of_the_table()

    assert not missing, "tests/browser/pages.py has no row for them"


def routes_of_the_table():
    return {route for rows in TABLES.values() for row in rows for route in row.routes}
