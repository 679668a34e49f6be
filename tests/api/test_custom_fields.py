"""/customField: custom fields of badges."""

import pytest

from badges.models import CustomField, Operation, RequestLog
from badges.rules import MAX_ACTIVE_FIELDS
from tests.api.conftest import BADGES, a_badge, codes, references

pytestmark = pytest.mark.django_db

FIELDS = "/api_gateway/v1/badges/customField"
TERMS = {"name": "terms", "dataType": "STRING", "isMandatory": True, "defaultValue": "None"}
UNKNOWN_ID = "0" * 24


@pytest.fixture
def terms(api):
    return api.post(FIELDS, TERMS).json()["data"]


def test_creating_a_custom_field_returns_and_records_it(api, integrator):
    answer = api.post(FIELDS, TERMS)

    assert answer.status_code == 201
    field = CustomField.objects.get()
    assert answer.json() == {
        "data": {
            "id": field.pk,
            "orgId": 1,
            "name": "terms",
            "isMandatory": True,
            "defaultValue": "None",
            "isActive": True,
            "dataType": "STRING",
            "createdBy": integrator.pk,
            "createdOn": field.created_at.timestamp(),
            "createdOnISO": field.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lastUpdatedBy": integrator.pk,
            "lastUpdatedOn": field.updated_at.timestamp(),
            "lastUpdatedOnISO": field.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "errors": [],
        "warnings": [],
    }
    assert RequestLog.objects.get().operation == Operation.CREATE_CUSTOM_FIELD


@pytest.mark.parametrize(
    ("data_type", "default"),
    [
        ("INTEGER", "-42"),
        ("BOOLEAN", "true"),
        ("DATE", "2026-03-15"),
        ("DATE", "2026-03-15T11:20:00+05:30"),
        ("STRING", "anything"),
        ("STRING", None),
        ("INTEGER", ""),
    ],
)
def test_the_default_of_a_custom_field_has_its_type(api, data_type, default):
    body = {"name": "x", "dataType": data_type, "defaultValue": default}

    assert api.post(FIELDS, body).json()["data"]["defaultValue"] == (default or None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "LEFT OUT"}, [(400, "name")]),
        ({"name": "LEFT OUT", "dataType": "LEFT OUT"}, [(400, "name"), (741, "dataType")]),
        ({"dataType": "LEFT OUT"}, [(741, "dataType")]),
        ({"dataType": None}, [(741, "dataType")]),
        ({"dataType": ""}, [(741, "dataType")]),
        ({"dataType": "TEXT"}, [(400, "dataType")]),
        ({"defaultValue": None}, [(742, "defaultValue")]),
        ({"defaultValue": ""}, [(742, "defaultValue")]),
        ({"defaultValue": "LEFT OUT"}, [(742, "defaultValue")]),
        ({"dataType": "INTEGER", "defaultValue": "many"}, [(744, "defaultValue")]),
        ({"dataType": "BOOLEAN", "defaultValue": "yes"}, [(400, "defaultValue")]),
        ({"dataType": "DATE", "defaultValue": "soon"}, [(400, "defaultValue")]),
        ({"dataType": "DATE", "defaultValue": "2026-W11-7"}, [(400, "defaultValue")]),
        ({"dataType": "DATE", "defaultValue": "20260315T112000Z"}, [(400, "defaultValue")]),
        ({"dataType": "DATE", "defaultValue": "2026-03-15x11:20:00"}, [(400, "defaultValue")]),
        ({"defaultValue": 5}, [(400, "defaultValue")]),
        ({"defaultValue": "x" * 1001}, [(400, "defaultValue")]),
        ({"isMandatory": "true"}, [(400, "isMandatory")]),
        ({"isMandatory": None}, [(400, "isMandatory")]),
    ],
)
def test_an_invalid_custom_field_is_refused_without_a_write(api, changes, expected):
    body = {name: value for name, value in (TERMS | changes).items() if value != "LEFT OUT"}

    answer = api.post(FIELDS, body)

    assert answer.status_code == 400
    assert list(zip(codes(answer), references(answer), strict=True)) == expected
    assert not CustomField.objects.exists()
    assert RequestLog.objects.get().code == expected[0][0]


def test_the_name_of_an_active_custom_field_is_unique(api, terms):
    answer = api.post(FIELDS, TERMS)
    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([740], ["name"])
    assert api.post(FIELDS, TERMS | {"name": "Terms"}).status_code == 201

    api.put(f"{FIELDS}/{terms['id']}", {"isActive": False})
    assert api.post(FIELDS, TERMS).status_code == 201


def test_creating_one_custom_field_too_many_is_refused(api):
    CustomField.objects.bulk_create(
        CustomField(name=f"{number}", data_type="STRING") for number in range(MAX_ACTIVE_FIELDS)
    )

    answer = api.post(FIELDS, TERMS)

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([2003], ["name"])
    assert answer.json()["data"] is None


def test_changing_a_custom_field_keeps_omitted_fields(api, terms):
    answer = api.put(f"{FIELDS}/{terms['id']}", {"defaultValue": "All"})

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["defaultValue"] == "All"
    assert {name: data[name] for name in ("id", "name", "isMandatory", "dataType", "isActive")} == {
        name: terms[name] for name in ("id", "name", "isMandatory", "dataType", "isActive")
    }
    assert RequestLog.objects.first().operation == Operation.UPDATE_CUSTOM_FIELD


def test_the_response_for_a_custom_field_may_be_sent_again(api, terms):
    answer = api.put(f"{FIELDS}/{terms['id']}", terms)

    changing = {"lastUpdatedOn", "lastUpdatedOnISO"}
    assert {
        name: value for name, value in answer.json()["data"].items() if name not in changing
    } == {name: value for name, value in terms.items() if name not in changing}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"dataType": "INTEGER"}, [(400, "dataType")]),
        ({"dataType": None}, [(741, "dataType")]),
        ({"name": ""}, [(400, "name")]),
        ({"name": "other"}, [(740, "name")]),
        ({"defaultValue": ""}, [(742, "defaultValue")]),
        ({"isActive": "no"}, [(400, "isActive")]),
    ],
)
def test_an_invalid_change_of_a_custom_field_is_refused(api, terms, body, expected):
    api.post(FIELDS, {"name": "other", "dataType": "DATE"})

    answer = api.put(f"{FIELDS}/{terms['id']}", body)

    assert answer.status_code == 400
    assert list(zip(codes(answer), references(answer), strict=True)) == expected
    assert api.get(f"{FIELDS}/{terms['id']}").json()["data"] == terms


def test_a_disabled_custom_field_is_hidden_and_stays_disabled(api, terms):
    badge = api.post(BADGES, a_badge()).json()["data"]
    assert badge["customFields"] == {"terms": "None"}
    path = f"{FIELDS}/{terms['id']}"

    assert api.put(path, {"isActive": False}).json()["data"]["isActive"] is False

    assert api.get(f"{BADGES}/{badge['id']}").json()["data"]["customFields"] == {}
    assert codes(api.get(path)) == [404]
    assert api.get(FIELDS).json()["data"]["customFieldROList"] == []
    answer = api.put(path, {"isActive": True})
    assert (codes(answer), references(answer)) == ([400], ["isActive"])
    assert not CustomField.objects.get().active


@pytest.mark.parametrize("field_id", [UNKNOWN_ID, "junk", "%00"])
def test_an_unknown_custom_field_is_not_found(api, terms, field_id):
    for answer in (api.get(f"{FIELDS}/{field_id}"), api.put(f"{FIELDS}/{field_id}", {})):
        assert answer.status_code == 404
        assert codes(answer) == [404]


def test_the_list_of_custom_fields_starts_with_the_last_changed(api):
    for name in ("one", "two", "three"):
        api.post(FIELDS, {"name": name, "dataType": "STRING"})
    api.put(f"{FIELDS}/{CustomField.objects.get(name='one').pk}", {"defaultValue": "1"})
    api.put(f"{FIELDS}/{CustomField.objects.get(name='three').pk}", {"isActive": False})

    def names(query=""):
        data = api.get(f"{FIELDS}{query}").json()["data"]
        return [field["name"] for field in data["customFieldROList"]]

    assert names() == names("?sortOn=LAST_UPDATED_DATE&order=DESC") == ["one", "two"]
    assert names("?order=ASC&isActive=true") == ["two", "one"]
    assert names("?isActive=false") == ["three"]
    assert names("?size=1&page=1") == ["two"]
    assert api.get(f"{FIELDS}?size=1&page=1").json()["data"]["pagination"] == {
        "page": 1,
        "size": 1,
        "total": 2,
        "totalPages": 2,
    }


@pytest.mark.parametrize(
    ("query", "reference"),
    [
        ("page=x", "page"),
        ("sortOn=NAME", "sortOn"),
        ("order=1", "order"),
        ("isActive=0", "isActive"),
    ],
)
def test_an_invalid_parameter_of_the_list_of_custom_fields_is_named(api, query, reference):
    answer = api.get(f"{FIELDS}?{query}")

    assert (codes(answer), references(answer)) == ([400], [reference])
