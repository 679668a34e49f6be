"""`ETag` and `If-Match`: a change is refused if the resource has changed since it was read."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from drf_spectacular.generators import SchemaGenerator

from badges.models import BadgeGroup, BadgeMeta, CustomField, RequestLog, RequestOutcome
from badges.services.catalogue.definitions import claim_badge
from tests.api.conftest import BADGES, ApiClient, a_badge, codes, references
from tests.conftest import in_thread
from tests.factories import LOYALTY, BadgeMetaFactory, IntegratorFactory
from tests.waiting import TIMEOUT

ROOT = "/api_gateway/v1/badges"


class Resource:
    """A resource with an address to read it and one to replace it with PUT."""

    def __init__(self, model, make, read, write, body):
        self.model, self.make, self.body = model, make, body
        self.read = lambda row: f"{ROOT}/{read}/{row.pk}"
        self.write = self.read if write is None else lambda row: f"{ROOT}/{write}"


def badge_body(row, name):
    return a_badge(id=row.pk, name=name, startOnISO="2020-01-01T00:00:00Z")


RESOURCES = {
    "badge": Resource(
        BadgeMeta, lambda: BadgeMetaFactory(name="Before"), "badgeMeta", "badgeMeta", badge_body
    ),
    "group": Resource(
        BadgeGroup,
        lambda: BadgeGroup.objects.create(name="Before", rank=1),
        "group",
        None,
        lambda row, name: {"name": name, "rank": 1},
    ),
    "custom field": Resource(
        CustomField,
        lambda: CustomField.objects.create(name="Before", data_type="STRING"),
        "customField",
        None,
        lambda row, name: {"name": name, "dataType": "STRING"},
    ),
}
every_resource = pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)


def put(api, resource, row, name="After", **headers):
    return api.put(resource.write(row), resource.body(row, name), **headers)


def name_of(row):
    return type(row).objects.get(pk=row.pk).name


@pytest.mark.django_db
@every_resource
def test_if_match_refuses_a_change_of_an_outdated_version(api, resource):
    row = resource.make()
    first, second = (api.get(resource.read(row))["ETag"] for _turn in range(2))
    assert first == second

    changed = put(api, resource, row, "First", if_match=first)
    answer = put(api, resource, row, "Second", if_match=second)

    assert changed.status_code == 200
    assert (answer.status_code, codes(answer), references(answer)) == (412, [412], [None])
    assert name_of(row) == "First"
    refused = RequestLog.objects.get(outcome=RequestOutcome.REFUSED)
    assert refused.code == 412
    assert changed["ETag"] == api.get(resource.read(row))["ETag"] != first
    assert put(api, resource, row, "Second", if_match=changed["ETag"]).status_code == 200
    assert name_of(row) == "Second"


@pytest.mark.django_db
@every_resource
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("*", 200),
        (" * ", 200),
        ("{tag}", 200),
        ('"0", {tag}', 200),
        ('W/"0",{tag} , "a,b"', 200),
        (",{tag},", 200),
        ("W/{tag}", 412),
        ('"0"', 412),
        ('""', 412),
        ('"0", "1 "', 400),
        ("", 400),
        ("0", 400),
        ("{bare}", 400),
        ('*, "0"', 400),
        ('"0', 400),
        (",", 400),
        ("w/{tag}", 400),
        ("ü", 400),
        ('"0"' + ", " * 1_000 + "x", 400),  # the time to parse it was once exponential
    ],
)
def test_if_match_has_the_syntax_of_the_standard(api, resource, header, status):
    row = resource.make()
    tag = api.get(resource.read(row))["ETag"]
    header = header.format(tag=tag, bare=tag.strip('"'))

    answer = put(api, resource, row, if_match=header)

    assert answer.status_code == status, answer.json()
    assert name_of(row) == ("After" if status == 200 else "Before")
    if status == 400:
        assert references(answer) == ["If-Match"]


@pytest.mark.django_db
@every_resource
def test_without_if_match_the_last_change_wins(api, resource):
    row = resource.make()

    for name in ("First", "Second"):
        assert put(api, resource, row, name).status_code == 200

    assert name_of(row) == "Second"


@pytest.mark.django_db
@every_resource
@pytest.mark.parametrize("header", ["*", '"1"'])
def test_if_match_for_an_unknown_badge_is_not_found(api, resource, header):
    row = resource.make()
    type(row).objects.all().delete()

    assert put(api, resource, row, if_match=header).status_code == 404


@pytest.mark.django_db
def test_a_claim_changes_the_etag_of_its_badge(api, desk_origin):
    row = BadgeMetaFactory()
    tag = api.get(f"{BADGES}/{row.pk}")["ETag"]

    claim_badge(origin=desk_origin, badge_id=row.pk, owner=LOYALTY)

    assert api.get(f"{BADGES}/{row.pk}")["ETag"] != tag
    assert codes(put(api, RESOURCES["badge"], row, if_match=tag)) == [412]


@pytest.mark.django_db
def test_if_match_applies_to_switching_a_badge(api):
    row = BadgeMetaFactory()
    tag = api.get(f"{BADGES}/{row.pk}")["ETag"]
    switch = {verb: f"{BADGES}/{row.pk}/{verb}" for verb in ("activate", "deactivate")}

    assert codes(api.put(switch["deactivate"], "", if_match='"0"')) == [412]
    answer = api.put(switch["deactivate"], "", if_match=tag)
    assert (answer.status_code, answer["ETag"]) == (200, api.get(f"{BADGES}/{row.pk}")["ETag"])
    assert codes(api.put(switch["activate"], "", if_match=tag)) == [412]

    assert not BadgeMeta.objects.get().active


@pytest.mark.django_db(transaction=True)
@every_resource
@pytest.mark.parametrize("is_conditional", [True, False])
def test_if_match_refuses_one_of_two_concurrent_changes(resource, is_conditional):
    row, api = resource.make(), ApiClient(IntegratorFactory().client_id)
    tag, start = api.get(resource.read(row))["ETag"], Barrier(2)
    headers = {"if_match": tag} if is_conditional else {}

    def change(name):
        start.wait(timeout=TIMEOUT)
        return put(ApiClient(api_id), resource, row, name, **headers).status_code

    api_id = IntegratorFactory().client_id
    with ThreadPoolExecutor(2) as threads:
        calls = [
            threads.submit(in_thread, lambda name=name: change(name)) for name in ("One", "Two")
        ]
        statuses = [call.result(timeout=TIMEOUT) for call in calls]

    assert sorted(statuses) == ([200, 412] if is_conditional else [200, 200])
    assert name_of(row) in ("One", "Two")
    if is_conditional:
        assert name_of(row) == ("One", "Two")[statuses.index(200)]


def test_the_api_description_names_etag_and_if_match():

    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    by_id = {each["operationId"]: each for path in paths.values() for each in path.values()}
    for name in ("updateBadge", "updateGroup", "updateCustomField", "activateBadge"):
        assert "If-Match" in [each["name"] for each in by_id[name]["parameters"]]
        assert "412" in by_id[name]["responses"]
    for name in ("getBadge", "getGroup", "getCustomField"):
        assert "ETag" in by_id[name]["responses"]["200"]["headers"]
