"""The lists of badges, integrators, people and exports as index tables (F27)."""

from datetime import timedelta

import pytest

from badges.models import Export, ExportFormat
from badges.services.record import exports
from badges.services.request_log import Origin
from tests.factories import FAR_AHEAD, NOW, BadgeMetaFactory, IntegratorFactory, UserFactory

pytestmark = pytest.mark.django_db

BADGES, INTEGRATORS = "/desk/badges/", "/desk/integrators/"
PEOPLE, EXPORTS = "/desk/people/", "/desk/exports/"
PAGES = {
    BADGES: "Supervisor",
    INTEGRATORS: "Supervisor",
    PEOPLE: "Supervisor",
    EXPORTS: "Auditor",
}


@pytest.fixture
def supervisor_browser(client, supervisor):
    client.force_login(supervisor)
    return client


@pytest.fixture
def exported():
    """Create more exports than one page shows."""
    origin = Origin(channel="COMMAND")
    for _number in range(61):
        exports.begin_export(origin=origin, ledger="issued", format=ExportFormat.CSV, query="")
    return list(Export.objects.order_by("pk").values_list("pk", flat=True))


def badges_in(answer):
    return [row["badge"].name for row in answer.context["rows"]]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("name", ["A", "B", "C"]),
        ("-name", ["C", "B", "A"]),
        ("starts_at", ["B", "C", "A"]),
        ("-starts_at", ["A", "C", "B"]),
        ("expires_at", ["C", "A", "B"]),
        ("-expires_at", ["B", "A", "C"]),
        ("claims", ["A", "B", "C"]),
        ("-password", ["A", "B", "C"]),
    ],
)
def test_badges_are_sorted_by_their_indexed_columns(supervisor_browser, order, names):
    for name, start, end in (("A", 3, 2), ("B", 1, 3), ("C", 2, 1)):
        starts_at, expires_at = NOW + timedelta(days=start), FAR_AHEAD + timedelta(days=end)
        BadgeMetaFactory(name=name, starts_at=starts_at, expires_at=expires_at)

    assert badges_in(supervisor_browser.get(BADGES, {"sort": order})) == names


def test_links_of_a_sorted_list_keep_the_order_and_the_filters(supervisor_browser):
    BadgeMetaFactory.create_batch(25)

    page = supervisor_browser.get(BADGES, {"sort": "-name", "active": "yes"})

    assert "?sort=-name&amp;active=yes&amp;page=2" in page.text
    assert 'href="?sort=name&amp;active=yes"' in page.text  # the header, from the first page on
    assert '<input type="hidden" name="sort" value="-name">' in page.text
    second = supervisor_browser.get(BADGES, {"sort": "-name", "active": "yes", "page": "2"})
    assert 'href="?sort=name&amp;active=yes"' in second.text
    names = badges_in(page) + badges_in(second)
    assert names == sorted(names, reverse=True)
    assert len(names) == 25


def test_integrators_and_people_are_sorted_by_name(supervisor_browser, supervisor):
    for name in ("b", "a"):
        IntegratorFactory(name=name)
        UserFactory(username=name)

    for page, key in ((INTEGRATORS, "integrator"), (PEOPLE, "person")):
        rows = supervisor_browser.get(page, {"sort": "-" + page_name(page)}).context["rows"]
        names = [str(row[key]) for row in rows]
        assert names == sorted(names, reverse=True)
        assert len(names) >= 2


def page_name(page):
    return "username" if page == PEOPLE else "name"


@pytest.mark.parametrize("order", ["-time", "time"])
def test_exports_are_listed_from_either_end(client, auditor, exported, order):
    client.force_login(auditor)

    first = client.get(EXPORTS, {"sort": order})
    (link,) = first.context["pager"].after
    second = client.get(EXPORTS + link.url)

    keys = [row["export"].pk for page in (first, second) for row in page.context["exports"]]
    assert keys == (exported if order == "time" else exported[::-1])
    assert second.context["pager"].after == []
    assert second.context["pager"].before[0].url == f"?sort={order}"


@pytest.mark.parametrize(("page", "role"), PAGES.items())
def test_every_list_offers_its_columns(client, page, role, exported):
    user = UserFactory(role=role)
    client.force_login(user)
    BadgeMetaFactory()
    IntegratorFactory()

    answer = client.get(page)
    table = answer.context["table"].table
    client.post(f"/desk/tables/{table.name}/", {"columns": [], "density": "compact"})
    changed = client.get(page)

    assert f'action="/desk/tables/{table.name}/"' in answer.text
    assert [header.column for header in changed.context["table"].headers] == [table.columns[0]]
    assert "index--compact" in changed.text
    assert table.address == page


def test_the_address_of_a_person_can_be_shown(supervisor_browser):
    UserFactory(username="joe", email="joe@example.org")
    assert "joe@example.org" not in supervisor_browser.get(PEOPLE).text

    supervisor_browser.post("/desk/tables/people/", {"columns": ["email"], "density": "standard"})

    assert "joe@example.org" in supervisor_browser.get(PEOPLE).text
