"""POST /badgeMeta: responses, rows and refusals."""

import json
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from badges.models import (
    BadgeGroup,
    BadgeMeta,
    BadgeRevision,
    Channel,
    CustomField,
    Operation,
    RequestLog,
    RequestOutcome,
)
from tests.api.conftest import BADGES, a_badge, codes, references, refused_codes
from tests.factories import (
    BadgeMetaFactory,
)

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "0" * 24
OWNERS = "ownership.restrictedToOwners"
ROLLS = {
    "constraintType": "BADGE_ROLLING_WINDOW",
    "rollType": "DAYS",
    "rollValue": 7,
    "maxEarnLimit": 300,
}
FIXED_VALUE = {"constraintType": "CUSTOMER_BADGE_FIXED_VALUE", "maxEarnLimit": 2}


class TestCreating:
    def test_creating_a_badge_returns_the_complete_badge(self, api, integrator):
        answer = api.post(BADGES, a_badge(description="For the hot days", badgeRank=3))

        assert answer.status_code == 201
        badge = BadgeMeta.objects.get()
        assert answer.json() == {
            "data": {
                "id": badge.pk,
                "badgeNumericId": None,
                "orgId": 1,
                "name": "Summer",
                "description": "For the hot days",
                "startOn": 1780272000.0,
                "startOnISO": "2026-06-01T00:00:00Z",
                "expiresOn": 3997296000.0,
                "expiresOnISO": "2096-09-01T00:00:00Z",
                "status": badge.definition().status(timezone.now()),
                "active": True,
                "earnType": "EARN",
                "earnedBadgeExpiry": {"expiryType": "NEVER"},
                "issuedBadgeExpiry": None,
                "ownership": {"restrictedToOwners": ["Loyalty"], "claims": []},
                "customerConstraints": [],
                "badgeConstraints": [],
                "images": [],
                "benefits": [],
                "tags": [],
                "customFields": {},
                "badgeGroupId": None,
                "badgeGroupName": None,
                "badgeRank": 3,
                "defaultTillId": None,
                "createdOn": badge.created_at.timestamp(),
                "createdOnISO": badge.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "createdBy": integrator.pk,
                "lastUpdatedOn": badge.updated_at.timestamp(),
                "lastUpdatedOnISO": badge.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "lastUpdatedBy": integrator.pk,
            },
            "errors": [],
            "warnings": [],
        }

    def test_creating_a_badge_stores_every_field(self, api):
        group = BadgeGroup.objects.create(name="Gold", rank=1)
        CustomField.objects.create(name="terms", data_type="STRING")
        images = [
            {"name": "Medal", "fileSvcHandle": "h-1", "url": "https://x.example/1", "tag": "EARNED"}
        ]
        benefits = [{"type": "COUPON", "seriesId": 7, "share": 0.5, "more": {"ids": [1, 2]}}]
        tags = [{"name": "season", "value": "summer"}]

        answer = api.post(
            BADGES,
            a_badge(
                name="  Summer ",
                images=images,
                benefits=benefits,
                tags=tags,
                badgeGroupId=group.pk,
                customFields={"terms": "As published"},
                defaultTillId=2**63 - 1,
                active=False,
            ),
        )

        data = answer.json()["data"]
        badge = BadgeMeta.objects.get()
        assert (badge.name, data["name"]) == ("Summer", "Summer")
        assert (badge.group, data["badgeGroupId"], data["badgeGroupName"]) == (
            group,
            group.pk,
            "Gold",
        )
        assert (data["images"], badge.images.get().file_handle) == (images, "h-1")
        assert (data["benefits"], data["tags"]) == (benefits, tags)
        assert data["customFields"] == {"terms": "As published"}
        assert (data["defaultTillId"], data["active"], badge.active) == (2**63 - 1, False, False)

    def test_creating_a_badge_writes_its_request_and_first_revision(self, api, integrator):
        body = json.dumps(a_badge())

        api.post(BADGES, body)

        request = RequestLog.objects.get()
        assert (request.operation, request.channel) == (Operation.CREATE_BADGE, Channel.API)
        assert (request.integrator, request.content) == (integrator, body)
        assert request.outcome == RequestOutcome.ACCEPTED
        revision = BadgeRevision.objects.get()
        assert (revision.badge, revision.version) == (BadgeMeta.objects.get(), 1)
        assert revision.request == request

    @pytest.mark.parametrize(
        ("times", "starts_at"),
        [
            ({"startOnISO": "2024-05-07T14:00:53+05:30"}, datetime(2024, 5, 7, 8, 30, 53)),
            ({"startOnISO": None, "startOn": 1715070653}, datetime(2024, 5, 7, 8, 30, 53)),
            (
                {"startOnISO": "LEFT OUT", "startOn": 1715070653.447744},
                datetime(2024, 5, 7, 8, 30, 53, 447744),
            ),
            (
                {"startOnISO": "LEFT OUT", "startOn": "2024-05-07T08:30:53"},
                datetime(2024, 5, 7, 8, 30, 53),
            ),
            ({"startOnISO": "2024-05-08T00:00:00Z", "startOn": 1}, datetime(2024, 5, 8)),
            ({"startOnISO": "2024-05-08T00:00:00Z", "startOn": None}, datetime(2024, 5, 8)),
        ],
    )
    def test_creating_a_badge_reads_times_in_both_forms_and_iso_wins(self, api, times, starts_at):
        assert api.post(BADGES, a_badge(**times)).status_code == 201
        assert BadgeMeta.objects.get().starts_at == starts_at.replace(tzinfo=UTC)

    def test_creating_an_expired_badge_is_accepted(self, api):
        body = a_badge(startOnISO="1930-01-01T00:00:00Z", expiresOnISO="1931-01-01T00:00:00Z")

        answer = api.post(BADGES, body, **{"X-CAP-BADGES-MIGRATION": "migration"})

        assert answer.status_code == 201
        assert answer.json()["data"]["status"] == "EXPIRED"
        assert answer.json()["data"]["startOn"] < 0

    def test_creating_a_badge_ignores_claims(self, api):
        claims = [{"ownerType": "Loyalty", "referenceId": "1", "isActive": True}]
        body = a_badge(ownership={"restrictedToOwners": ["Loyalty"], "claims": claims})

        assert api.post(BADGES, body).json()["data"]["ownership"]["claims"] == []
        assert not BadgeMeta.objects.get().claims.exists()

    @pytest.mark.parametrize(
        ("sent", "active"),
        [({}, True), ({"isActive": False}, False), ({"isActive": False, "active": True}, True)],
    )
    def test_creating_a_badge_reads_both_names_of_active(self, api, sent, active):
        assert api.post(BADGES, a_badge(**sent)).json()["data"]["active"] is active

    def test_creating_a_badge_fills_a_mandatory_custom_field_with_its_default(self, api):
        CustomField.objects.create(
            name="terms", data_type="STRING", is_mandatory=True, default_value="None"
        )
        CustomField.objects.create(name="colour", data_type="STRING", default_value="red")

        assert api.post(BADGES, a_badge()).json()["data"]["customFields"] == {"terms": "None"}


CREATE_REFUSALS = [
    (714, lambda: {"ownership": {"restrictedToOwners": ["Membercare"]}}, OWNERS),
    (728, lambda: {"ownership": {"restrictedToOwners": []}}, OWNERS),
    (728, lambda: {"ownership": {"restrictedToOwners": None}}, OWNERS),
    (728, lambda: {"ownership": {}}, OWNERS),
    (728, lambda: {"ownership": "LEFT OUT"}, OWNERS),
    (720, lambda: {"expiresOnISO": "2026-06-01T00:00:00Z"}, "expiresOnISO"),
    (722, lambda: {"startOnISO": "1900-01-01T00:00:00Z"}, "startOnISO"),
    (725, lambda: {"name": BadgeMetaFactory().name}, "name"),
    (400, lambda: {"earnType": "ISSUE_EARN"}, "issuedBadgeExpiry"),
    (400, lambda: {"issuedBadgeExpiry": {"expiryType": "NEVER"}}, "issuedBadgeExpiry"),
    (400, lambda: {"badgeGroupId": UNKNOWN_ID}, "badgeGroupId"),
    (400, lambda: {"badgeGroupId": disabled_group().pk}, "badgeGroupId"),
    (400, lambda: {"customFields": {"terms": "x"}}, "customFields"),
    (400, lambda: {"customFields": {number_field().name: "x"}}, "customFields"),
    (400, lambda: {"expiresOnISO": "9999-12-31T23:59:59Z"}, "expiresOnISO"),
    (
        400,
        lambda: {"customerConstraints": [FIXED_VALUE, FIXED_VALUE]},
        "customerConstraints",
    ),
    (400, lambda: {"badgeConstraints": [roll("MONTHS", 1201)]}, "badgeConstraints"),
    (400, lambda: {"badgeConstraints": [roll("DAYS", 1), roll("DAYS", 2)]}, "badgeConstraints"),
]


def roll(unit, length):
    return ROLLS | {"rollType": unit, "rollValue": length}


def disabled_group():
    return BadgeGroup.objects.create(name="Gold", rank=1, active=False)


def number_field():
    return CustomField.objects.create(name="size", data_type="INTEGER")


@pytest.mark.parametrize(("code", "situation", "reference"), CREATE_REFUSALS)
def test_a_refused_badge_is_not_created(api, code, situation, reference):
    body = a_badge(**situation())
    before = BadgeMeta.objects.count()

    answer = api.post(BADGES, body)

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([code], [reference])
    assert BadgeMeta.objects.count() == before
    assert not BadgeRevision.objects.exists()
    assert refused_codes() == [code]
    assert RequestLog.objects.get().badge is None


def test_all_missing_fields_are_reported_together(api):
    answer = api.post(BADGES, {})

    assert answer.status_code == 400
    assert list(zip(codes(answer), references(answer), strict=True)) == [
        (400, "name"),
        (400, "startOn"),
        (400, "expiresOn"),
        (400, "earnType"),
        (400, "earnedBadgeExpiry"),
        (728, OWNERS),
    ]
    assert refused_codes() == [400]
