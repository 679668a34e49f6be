"""Every search finds names in any spelling, on both databases."""

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from badges.models import BadgeMeta
from badges.models.names import search_key
from tests.api.conftest import ApiClient
from tests.factories import BadgeMetaFactory, ClaimFactory, IntegratorFactory, UserFactory

pytestmark = pytest.mark.django_db

SPELLINGS = [
    ("Äpfel", "äpfel"),
    ("Äpfel", "APFEL"),
    ("Äpfel", "A\u0308pf"),
    ("Привет", "привет"),
    ("Привет", "ПРИВЕТ"),
    ("Cafe\u0301", "Caf\u00e9"),
    ("Caf\u00e9", "cafe"),
    ("Cafe", "CAF\u00c9"),
    ("İstanbul", "istanbul"),
    ("istanbul", "İSTANBUL"),
    ("ISTANBUL", "\u0131stanbul"),
    ("Straße", "STRASSE"),
    ("STRASSE", "straße"),
    ("GRO\u1e9eE", "große"),
    ("ΟΔΟΣ", "οδος"),
    ("ΟΔΟΣ", "οδός"),
    ("\uff27\uff4f\uff4c\uff44", "gold"),
    ("ﬁrst", "FIRST"),
    ("Łódź", "lodz"),
    ("Smørrebrød", "smorrebrod"),
    ("Gold card", "gold\u00a0card"),
    ("Gold card", " gold  card "),
    ("Gold", "Go\u200bld"),
    ("50% _off_ \\ now", "50% _off_ \\"),
]
OTHERS = [("Gold", "Silver"), ("が", "か"), ("100 off", "1_0"), ("1000", "1%0"), ("a", "\u0301")]


@pytest.fixture
def browser(client):
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


def api(integrator, text):
    answer = ApiClient(integrator.client_id).client.get(
        "/api_gateway/v1/badges/badgeMeta",
        {"name": text},
        headers=ApiClient(integrator.client_id).headers,
    )
    return [badge["name"] for badge in answer.json()["data"]["metaBasicDetails"]]


@pytest.mark.parametrize(("name", "text"), SPELLINGS)
def test_the_api_finds_a_name_in_any_spelling(integrator, name, text):
    BadgeMetaFactory(name=name)
    BadgeMetaFactory(name="Something else")

    assert api(integrator, text) == [name]


@pytest.mark.parametrize(("name", "text"), OTHERS)
def test_another_name_is_not_found(integrator, name, text):
    BadgeMetaFactory(name=name)

    assert api(integrator, text) == []


@pytest.mark.parametrize(
    "search",
    [
        lambda browser: browser.post("/desk/issue/badges/", {"search": "cafe"}),
        lambda browser: browser.get("/desk/badges/", {"q": "cafe"}),
        lambda browser: browser.get("/admin/badges/badgemeta/", {"q": "cafe"}),
        lambda browser: browser.get("/admin/badges/claim/", {"q": "cafe"}),
        lambda browser: browser.get(
            "/admin/autocomplete/",
            {
                "term": "cafe",
                "app_label": "badges",
                "model_name": "claim",
                "field_name": "badge",
            },
        ),
    ],
    ids=["picker", "list of badges", "admin", "claims", "autocompletion"],
)
def test_every_search_for_a_badge_finds_it(browser, search):
    for badge in (BadgeMetaFactory(name="CAF\u00c9 Noir"), BadgeMetaFactory(name="Silver")):
        ClaimFactory(badge=badge)

    page = search(browser).content.decode()

    found = page.encode().decode("unicode_escape") if page.startswith("{") else page
    assert "CAF\u00c9 Noir" in found
    assert "Silver" not in found


def test_the_search_box_finds_the_badge(browser):
    badge = BadgeMetaFactory(name="\u00c4pfel")

    response = browser.post("/desk/find/", {"text": "apfel"})

    assert badge.pk in response["Location"]


def test_the_filter_of_a_ledger_accepts_any_spelling(browser):
    badge = BadgeMetaFactory(name="\u00c4pfel")

    page = browser.get("/desk/requests/", {"badge": "APFEL"})

    assert page.context["form"].cleaned_data["badge"] == badge


@pytest.mark.parametrize(
    ("page", "make"),
    [
        ("badges/integrator", lambda name: IntegratorFactory(name=name, client_id=name)),
        ("auth/user", lambda name: UserFactory(username=f"u{len(name)}", first_name=name)),
        ("auth/group", lambda name: apps.get_model("auth", "Group").objects.create(name=name)),
    ],
)
def test_the_admin_finds_people_groups_and_integrators(browser, page, make):
    make("\u00c4PFEL")
    make("Silvery")

    found = browser.get(f"/admin/{page}/", {"q": "apfel"}).content.decode()

    assert ("\u00c4PFEL" in found, "Silvery" in found) == (True, False)


@pytest.mark.parametrize("factory", [BadgeMetaFactory, IntegratorFactory])
def test_every_kind_of_save_updates_the_search_key(factory):
    row = factory()
    rows = type(row).objects

    row.name = "\u00c4pfel"
    row.save(update_fields=["name"])

    assert rows.get(pk=row.pk).search_key == "apfel"


def test_a_row_without_a_search_key_is_found_and_filled_by_the_migration(integrator):
    badge = BadgeMetaFactory(name="\u00c4pfel")
    BadgeMeta.objects.filter(pk=badge.pk).update(search_key="")
    assert api(integrator, "\u00c4pfel") == ["\u00c4pfel"]

    loader = MigrationLoader(connection)
    (key,) = (key for key in loader.graph.nodes if key[1].endswith("_add_search_keys"))
    migration, state = loader.get_migration(*key), loader.project_state(key)
    fill = next(each for each in migration.operations if hasattr(each, "code"))
    fill.code(state.apps, None)

    assert BadgeMeta.objects.get().search_key == search_key("\u00c4pfel")
    assert api(integrator, "APFEL") == ["\u00c4pfel"]
