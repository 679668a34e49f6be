"""/group: ranked groups of badges."""

import pytest

from badges.models import BadgeGroup, Operation, RequestLog, RequestOutcome
from tests.api.conftest import BADGES, codes, references
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

GROUPS = "/api_gateway/v1/badges/group"
GOLD = {"name": "Gold", "rank": 1}
UNKNOWN_ID = "0" * 24


@pytest.fixture
def gold(api):
    return api.post(GROUPS, GOLD).json()["data"]


def test_creating_a_group_returns_and_records_it(api, integrator):
    answer = api.post(GROUPS, GOLD)

    assert answer.status_code == 200
    group = BadgeGroup.objects.get()
    assert answer.json() == {
        "data": {
            "id": group.pk,
            "orgId": 1,
            "name": "Gold",
            "rank": 1,
            "createdBy": integrator.pk,
            "createdOn": group.created_at.timestamp(),
            "createdOnISO": group.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lastUpdatedBy": integrator.pk,
            "lastUpdatedOn": group.updated_at.timestamp(),
            "lastUpdatedOnISO": group.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "isActive": True,
        },
        "errors": [],
        "warnings": [],
    }
    request = RequestLog.objects.get()
    assert (request.operation, request.integrator) == (Operation.CREATE_GROUP, integrator)
    assert request.content == '{"name": "Gold", "rank": 1}'


def test_changing_a_group_returns_and_records_it(api, gold):
    answer = api.put(f"{GROUPS}/{gold['id']}", {"name": "Silver", "rank": 0})

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["id"], data["name"], data["rank"], data["isActive"]) == (
        gold["id"],
        "Silver",
        0,
        True,
    )
    assert BadgeGroup.objects.get().name == "Silver"
    request = RequestLog.objects.first()
    assert (request.operation, request.outcome) == (
        Operation.UPDATE_GROUP,
        RequestOutcome.ACCEPTED,
    )


def test_a_disabled_group_leaves_its_badges_ungrouped(api, gold):
    badge = BadgeMetaFactory(group_id=gold["id"])
    assert api.get(f"{BADGES}/{badge.pk}").json()["data"]["badgeGroupName"] == "Gold"

    answer = api.put(f"{GROUPS}/{gold['id']}", GOLD | {"isActive": False})

    assert answer.json()["data"]["isActive"] is False
    assert api.get(f"{BADGES}/{badge.pk}").json()["data"]["badgeGroupName"] is None
    assert api.get(f"{GROUPS}/{gold['id']}").json()["data"]["isActive"] is False


def test_a_disabled_group_stays_disabled_until_it_is_enabled(api, gold):
    path = f"{GROUPS}/{gold['id']}"
    api.put(path, GOLD | {"isActive": False})

    assert api.put(path, GOLD).json()["data"]["isActive"] is False
    assert api.put(path, GOLD | {"isActive": True}).json()["data"]["isActive"] is True


def test_the_name_of_an_active_group_is_unique(api, gold):
    for body in (GOLD, {"name": " Gold ", "rank": 5}):
        answer = api.post(GROUPS, body)
        assert answer.status_code == 400
        assert (codes(answer), references(answer)) == ([733], ["name"])
    assert api.post(GROUPS, {"name": "gold", "rank": 1}).status_code == 200
    api.put(f"{GROUPS}/{gold['id']}", GOLD | {"isActive": False})
    assert api.post(GROUPS, GOLD).status_code == 200
    assert codes(api.put(f"{GROUPS}/{gold['id']}", GOLD | {"isActive": True})) == [733]
    assert BadgeGroup.objects.filter(active=True).count() == 2


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [(400, "name"), (732, "rank")]),
        ({"name": "Gold"}, [(732, "rank")]),
        ({"name": "Gold", "rank": None}, [(732, "rank")]),
        ({"name": "", "rank": 1}, [(400, "name")]),
        ({"name": 5, "rank": 1}, [(400, "name")]),
        ({"name": "x" * 256, "rank": 1}, [(400, "name")]),
        ({"name": "Gold", "rank": "1"}, [(400, "rank")]),
        ({"name": "Gold", "rank": 2**31}, [(400, "rank")]),
        ({"name": "Gold", "rank": 1.5}, [(400, "rank")]),
        ([], [(400, None)]),
    ],
)
def test_an_invalid_group_is_refused_without_a_write(api, body, expected):
    answer = api.post(GROUPS, body)

    assert answer.status_code == 400
    assert list(zip(codes(answer), references(answer), strict=True)) == expected
    assert not BadgeGroup.objects.exists()
    request = RequestLog.objects.get()
    assert (request.operation, request.code) == (Operation.CREATE_GROUP, expected[0][0])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "Silver"}, [(732, "rank")]),
        (GOLD | {"isActive": "false"}, [(400, "isActive")]),
        (GOLD | {"isActive": None}, [(400, "isActive")]),
    ],
)
def test_an_invalid_change_of_a_group_is_refused(api, gold, body, expected):
    answer = api.put(f"{GROUPS}/{gold['id']}", body)

    assert list(zip(codes(answer), references(answer), strict=True)) == expected
    assert api.get(f"{GROUPS}/{gold['id']}").json()["data"] == gold


@pytest.mark.parametrize("group_id", [UNKNOWN_ID, "junk", "%00", "%20"])
def test_an_unknown_group_is_not_found(api, gold, group_id):
    for answer in (api.get(f"{GROUPS}/{group_id}"), api.put(f"{GROUPS}/{group_id}", GOLD)):
        assert answer.status_code == 404
        assert codes(answer) == [404]


def test_the_list_of_groups_is_ordered_by_rank(api):
    for name, rank in [("Bronze", 3), ("Gold", 1), ("Silver", 2), ("Aluminium", 3)]:
        api.post(GROUPS, {"name": name, "rank": rank})

    def names(query=""):
        data = api.get(f"{GROUPS}{query}").json()["data"]
        return [group["name"] for group in data["badgeGroups"]]

    assert names() == names("?order=ASC") == ["Gold", "Silver", "Aluminium", "Bronze"]
    assert names("?order=DESC") == ["Aluminium", "Bronze", "Silver", "Gold"]
    assert names("?size=3&page=1") == ["Bronze"]
    assert api.get(f"{GROUPS}?size=3&page=1").json()["data"]["pagination"] == {
        "page": 1,
        "size": 3,
        "total": 4,
        "totalPages": 2,
    }


@pytest.mark.parametrize(
    ("query", "reference"), [("page=-1", "page"), ("size=x", "size"), ("order=up", "order")]
)
def test_an_invalid_parameter_of_the_list_of_groups_is_named(api, query, reference):
    answer = api.get(f"{GROUPS}?{query}")

    assert (codes(answer), references(answer)) == ([400], [reference])
