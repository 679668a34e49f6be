"""POST /badgeMeta/{id}/claim and /unclaim."""

import json

import pytest

from badges.models import BadgeMeta, Claim, Operation, RequestLog, RequestOutcome
from tests.api.conftest import BADGES, TRIGGER, codes, references
from tests.factories import LOYALTY, BadgeMetaFactory

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "0" * 24


@pytest.fixture
def badge():
    return BadgeMetaFactory(owners=["Loyalty", "Journeys"])


def claim(api, badge_id, body=TRIGGER):
    return api.post(f"{BADGES}/{badge_id}/claim", body)


def unclaim(api, badge_id, body=TRIGGER):
    return api.post(f"{BADGES}/{badge_id}/unclaim", body)


class TestClaiming:
    def test_claiming_a_badge_returns_and_records_the_claim(self, api, badge, integrator):
        body = json.dumps(TRIGGER)

        answer = claim(api, badge.pk, body)

        assert answer.status_code == 200
        assert answer.json() == {
            "data": {
                "badgeMetaId": badge.pk,
                "ownerType": "Loyalty",
                "referenceId": "123694",
                "isActive": True,
            },
            "errors": [],
            "warnings": [],
        }
        assert Claim.objects.get().owner == LOYALTY
        request = RequestLog.objects.get()
        assert (request.operation, request.outcome) == (Operation.CLAIM, RequestOutcome.ACCEPTED)
        assert (request.integrator, request.badge, request.content) == (integrator, badge, body)
        revision = badge.revisions.get()
        assert (revision.version, revision.request) == (2, request)
        assert revision.snapshot["claims"] == [{"owner_type": "Loyalty", "reference_id": "123694"}]

    def test_claiming_a_badge_again_warns_and_changes_nothing(self, api, badge):
        claim(api, badge.pk)

        answer = claim(api, badge.pk)

        assert answer.status_code == 200
        envelope = answer.json()
        assert (envelope["data"]["badgeMetaId"], envelope["data"]["isActive"]) == (badge.pk, True)
        assert envelope["errors"] == []
        assert envelope["warnings"] == [
            {"code": 900, "message": "The owner has claimed the badge already."}
        ]
        assert Claim.objects.count() == 1
        assert badge.revisions.count() == 1
        assert RequestLog.objects.count() == 2

    def test_claiming_a_badge_after_unclaiming_is_a_new_claim(self, api, badge):
        claim(api, badge.pk)
        unclaim(api, badge.pk)

        assert claim(api, badge.pk).json()["warnings"] == []
        assert Claim.objects.get().active

    def test_claiming_a_badge_is_possible_for_several_references(self, api, badge):
        for reference in ("1", "2", "<programme>_<event>", "ü"):
            body = {"ownerType": "Journeys", "referenceId": reference}
            assert claim(api, badge.pk, body).status_code == 200
        assert badge.claims.count() == 4

    def test_claiming_a_badge_lets_the_owner_earn_it(self, api, earn_body, badge):
        assert codes(api.earn(earn_body(badgeMetaId=badge.pk))) == [810]
        claim(api, badge.pk)
        assert api.earn(earn_body(badgeMetaId=badge.pk)).status_code == 200

    @pytest.mark.parametrize(
        ("status", "code", "situation", "body", "reference"),
        [
            (400, 716, {}, {"referenceId": "1"}, "ownerType"),
            (400, 717, {}, {"ownerType": "Loyalty"}, "referenceId"),
            (400, 717, {}, {"ownerType": "Loyalty", "referenceId": ""}, "referenceId"),
            (400, 400, {}, TRIGGER | {"ownerType": "LOYALTY"}, "ownerType"),
            (400, 400, {}, TRIGGER | {"ownerType": "Membercare"}, "ownerType"),
            (400, 400, {}, TRIGGER | {"referenceId": 1}, "referenceId"),
            (400, 400, {}, TRIGGER | {"referenceId": "x" * 256}, "referenceId"),
            (400, 400, {}, [], None),
            (400, 400, {}, "{", None),
            (400, 714, {}, TRIGGER | {"ownerType": "Milestones"}, "ownerType"),
            (409, 815, {"inactive": True}, TRIGGER, None),
        ],
    )
    def test_claiming_a_badge_is_refused_and_changes_nothing(
        self, api, status, code, situation, body, reference
    ):
        badge = BadgeMetaFactory(**situation)

        answer = claim(api, badge.pk, body)

        assert answer.status_code == status
        assert (codes(answer), references(answer)) == ([code], [reference])
        assert not Claim.objects.exists()
        assert not badge.revisions.exists()
        assert BadgeMeta.objects.get().version == 1
        assert RequestLog.objects.get().code == code

    def test_claiming_a_badge_without_a_body_names_both_missing_fields(self, api, badge):
        answer = claim(api, badge.pk, {})

        assert (codes(answer), references(answer)) == ([716, 717], ["ownerType", "referenceId"])

    @pytest.mark.parametrize("badge_id", [UNKNOWN_ID, "junk", "%00"])
    def test_claiming_an_unknown_badge_is_refused(self, api, badge_id):
        answer = claim(api, badge_id)

        assert (answer.status_code, codes(answer)) == (404, [404])
        assert RequestLog.objects.get().badge is None

    def test_claiming_a_badge_ignores_its_disabled_group(self, api):
        badge = BadgeMetaFactory()
        group = api.post("/api_gateway/v1/badges/group", {"name": "Gold", "rank": 1}).json()["data"]
        badge.group_id = group["id"]
        badge.save()
        api.put(
            f"/api_gateway/v1/badges/group/{group['id']}",
            {"name": "Gold", "rank": 1, "isActive": False},
        )

        assert claim(api, badge.pk).status_code == 200


class TestUnclaiming:
    def test_unclaiming_a_badge_returns_the_claim_and_keeps_its_row(self, api, live_badge):
        answer = unclaim(api, live_badge.pk)

        assert answer.status_code == 200
        assert answer.json() == {
            "data": {
                "badgeMetaId": live_badge.pk,
                "ownerType": "Loyalty",
                "referenceId": "123694",
                "isActive": False,
            },
            "errors": [],
            "warnings": [],
        }
        assert not Claim.objects.get().active
        request = RequestLog.objects.get()
        assert (request.operation, request.badge) == (Operation.UNCLAIM, live_badge)
        assert live_badge.revisions.get().snapshot["claims"] == []

    def test_unclaiming_a_badge_applies_to_the_next_earn(self, api, earn_body, live_badge):
        assert api.earn(earn_body()).status_code == 200
        unclaim(api, live_badge.pk)
        assert codes(api.earn(earn_body())) == [810]

    @pytest.mark.parametrize(
        ("status", "code", "body", "reference"),
        [
            (404, 737, TRIGGER | {"referenceId": "other"}, "referenceId"),
            (404, 737, TRIGGER | {"ownerType": "Milestones"}, "referenceId"),
            (400, 716, {"referenceId": "1"}, "ownerType"),
            (400, 717, {"ownerType": "Loyalty"}, "referenceId"),
            (400, 400, TRIGGER | {"ownerType": "x"}, "ownerType"),
        ],
    )
    def test_unclaiming_a_badge_is_refused_and_changes_nothing(
        self, api, live_badge, status, code, body, reference
    ):
        answer = unclaim(api, live_badge.pk, body)

        assert answer.status_code == status
        assert (codes(answer), references(answer)) == ([code], [reference])
        assert Claim.objects.get().active
        assert not live_badge.revisions.exists()
        assert RequestLog.objects.get().code == code

    def test_unclaiming_a_badge_twice_is_refused(self, api, live_badge):
        unclaim(api, live_badge.pk)

        assert codes(unclaim(api, live_badge.pk)) == [737]
        assert live_badge.revisions.count() == 1

    def test_unclaiming_an_unknown_badge_is_refused(self, api):
        answer = unclaim(api, UNKNOWN_ID)

        assert (answer.status_code, codes(answer)) == (404, [404])
