"""Index tables (F27): columns, density, orders and links, as each user has chosen them."""

import pytest
from django.utils.html import escape

from badges.desk.tables import cells
from badges.desk.tables.table import Column, Density, Sort, Table
from badges.desk.tables.views import TABLES
from badges.models import Operation, Person, Preferences, RequestLog
from tests.factories import BadgeMetaFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db

LOG = "/desk/requests/"
CHOOSE = "/desk/tables/requests/"
TABLE = Table(
    name="numbers",
    label="Numbers",
    right="badges.view_requestlog",
    route="desk:requests",
    sort=Sort("number"),
    columns=(
        Column(
            name="number",
            label="Number",
            cell=lambda row, links: str(row),
            fixed=True,
            first_order="number",
        ),
        Column(name="twice", label="Twice", cell=lambda row, links: str(2 * row)),
        Column(name="square", label="Square", cell=lambda row, links: str(row**2), shown=False),
    ),
)


@pytest.fixture
def browser(client, auditor):
    client.force_login(auditor)
    return client


@pytest.fixture
def person(auditor):
    return Person.objects.get(pk=auditor.pk)


def shown(person, **options):
    return TABLE.show(person, [1, 2], key=lambda row: row, **options)


def names(table):
    return [header.column.name for header in table.headers]


def test_a_table_shows_its_default_columns(person):
    table = shown(person)

    assert names(table) == ["number", "twice"]
    assert [[cell for _column, cell in row.cells] for row in table.rows] == [["1", "2"], ["2", "4"]]
    assert table.density == Density.STANDARD
    assert [(column.name, is_shown) for column, is_shown in table.optional] == [
        ("twice", True),
        ("square", False),
    ]


def test_a_table_shows_the_chosen_columns_in_its_own_order(person):
    choices = {"columns": ["square", "gone"], "density": "compact"}
    person.stored_preferences = Preferences(user=person, tables={"numbers": choices})

    table = shown(person)

    assert names(table) == ["number", "square"]
    assert table.density == Density.COMPACT


def test_an_unknown_density_is_the_standard_one(person):
    person.stored_preferences = Preferences(user=person, tables={"numbers": {"density": "tiny"}})

    assert shown(person).density == Density.STANDARD


def test_a_header_reverses_the_order_of_its_column(person):
    ascending, descending = (shown(person, sort=Sort("number", down)) for down in (False, True))

    assert ascending.headers[0].url == "?sort=-number"
    assert ascending.headers[0].direction == "ascending"
    assert descending.headers[0].url == "?sort=number"
    assert descending.headers[0].direction == "descending"
    assert ascending.headers[1].url == ""


@pytest.mark.parametrize("text", ["", "twice", "-", "--number", "number desc", "\0"])
def test_an_unknown_order_is_the_default_one(text):
    assert TABLE.sort_of(text) == Sort("number")
    assert TABLE.sort_of("-number", sorts=[]) == Sort("number")


def test_an_id_is_shortened_in_the_middle_and_can_be_copied():
    long = "order-2132-0123456789"

    assert cells.shortened(long) == "orde…456789"
    assert cells.shortened("order-2132") == "order-2132"
    assert f'title="{long}"' in cells.ident(long)
    assert f'data-index-copy="{long}"' in cells.ident(long)


def test_cells_are_escaped():
    text = "<script>alert(1)</script>"

    for cell in (cells.ident(text), cells.pair(text, text), cells.link("/", text)):
        assert "<script" not in cell
        assert escape("<script>") in cell or escape("<scr") in cell


def test_a_code_has_its_text():
    assert "2002" in cells.code(2002)
    assert "limit" in cells.code(2002)
    assert "99999" in cells.code(99999)  # a code that is no longer used


def test_names_of_tables_and_columns_can_be_remembered(person):
    from badges.services.access.preferences import NAME

    for name, table in TABLES.items():
        assert NAME.fullmatch(name)
        assert all(NAME.fullmatch(column.name) for column in table.columns)
        assert table.columns[0].fixed
        assert table.sort.column in [each.name for each in table.columns if each.first_order]


def test_columns_and_density_are_remembered_for_a_user(browser, auditor):
    RequestLogFactory(reason="Called in", request_id="order-2132")

    answer = browser.post(
        CHOOSE, {"columns": ["reason", "nothing"], "density": "roomy", "query": "channel=COMMAND"}
    )

    assert answer["Location"] == f"{LOG}?channel=COMMAND"
    page = browser.get(LOG).text
    assert "Called in" in page
    assert "index--roomy" in page
    assert "order-2132" not in page
    stored = Preferences.objects.get(user=auditor).tables
    assert stored == {"requests": {"columns": ["reason"], "density": "roomy"}}
    saved = RequestLog.objects.first()
    assert (saved.operation, saved.user) == (Operation.SAVE_PREFERENCES, auditor)


def test_the_choices_of_one_user_do_not_change_the_page_of_another(browser, client):
    RequestLogFactory(request_id="order-2132")
    browser.post(CHOOSE, {"columns": [], "density": "compact"})

    client.force_login(UserFactory(role="Auditor"))

    assert "order-2132" in client.get(LOG).text


def test_the_default_columns_can_be_restored(browser, auditor):
    RequestLogFactory(request_id="order-2132")
    browser.post(CHOOSE, {"columns": [], "density": "compact"})

    browser.post(CHOOSE, {"reset": "1"})

    assert Preferences.objects.get(user=auditor).tables == {}
    assert "order-2132" in browser.get(LOG).text


def test_an_unknown_table_is_not_found(browser):
    assert browser.post("/desk/tables/nothing/").status_code == 404


@pytest.mark.parametrize("name", TABLES)
def test_choosing_columns_requires_the_permission_of_the_list(client, name):
    client.force_login(UserFactory())

    assert client.post(f"/desk/tables/{name}/", {"columns": []}).status_code == 403
    assert not Preferences.objects.exists()


def test_the_place_after_a_choice_is_always_the_list(browser):
    answer = browser.post(CHOOSE, {"query": "//example.org/?x=1\r\nX: 1"})

    assert answer["Location"].startswith(f"{LOG}?")
    assert "\n" not in answer["Location"]


def test_customer_and_badge_of_a_request_are_links(browser):
    badge = BadgeMetaFactory(name="Welcome")
    RequestLogFactory(badge=badge, customer_id=1001)

    page = browser.get(LOG).text

    assert f'<a href="/desk/badges/{badge.pk}/">Welcome</a>' in page
    assert '<a href="/desk/customers/1001/">1001</a>' in page


def test_a_refused_request_shows_the_text_of_its_code(browser):
    RequestLogFactory(refused=True, code=2002)

    assert cells.code(2002) in browser.get(LOG).text
