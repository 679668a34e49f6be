"""Names in the API: normal form, invisible characters, and search."""

import pytest

from badges.models import BadgeGroup, BadgeMeta, CustomField
from tests.api.conftest import BADGES, a_badge, codes, references

pytestmark = pytest.mark.django_db

GROUPS = "/api_gateway/v1/badges/group"
FIELDS = "/api_gateway/v1/badges/customField"
WRITTEN = {
    "badge": (BADGES, a_badge(), BadgeMeta),
    "group": (GROUPS, {"name": "", "rank": 1}, BadgeGroup),
    "field": (FIELDS, {"name": "", "dataType": "STRING"}, CustomField),
}


@pytest.mark.parametrize("name", ["\u200b", "Gold\u200b", "\u3164", "Go\u00adld", "\u0301Gold"])
@pytest.mark.parametrize(("path", "body", "model"), WRITTEN.values(), ids=WRITTEN)
def test_an_invisible_name_is_refused_by_its_field(api, path, body, model, name):
    answer = api.post(path, body | {"name": name})

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([400], ["name"])
    assert not model.objects.exists()


@pytest.mark.parametrize(("path", "body", "model"), WRITTEN.values(), ids=WRITTEN)
def test_another_spelling_of_a_name_is_the_same_name(api, path, body, model):
    answer = api.post(path, body | {"name": " Cafe\u0301\u00a0\u00a0noir "})
    twin = api.post(path, body | {"name": "Caf\u00e9 noir"})

    assert answer.json()["data"]["name"] == "Caf\u00e9 noir"
    assert (twin.status_code, references(twin)) == (400, ["name"])
    assert [row.name for row in model.objects.all()] == ["Caf\u00e9 noir"]
