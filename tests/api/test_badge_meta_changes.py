"""Existing badges: changing, reading, activating and deactivating."""

from datetime import timedelta

import pytest

from badges.models import (
    BadgeGroup,
    BadgeMeta,
    CustomField,
    CustomValue,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    RequestLog,
    Unit,
)
from tests.api.conftest import BADGES, a_badge, codes, references, refused_codes, response_as_body
from tests.factories import (
    FAR_AHEAD,
    LONG_AGO,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
)

pytestmark = pytest.mark.django_db

CUSTOMER, BADGE = LimitLevel.CUSTOMER, LimitLevel.BADGE
FIXED, ROLLING, WINDOW = LimitKind.FIXED_VALUE, LimitKind.ROLLING_WINDOW, LimitKind.FIXED_WINDOW
UNKNOWN_ID = "0" * 24
OWNERS = "ownership.restrictedToOwners"
FIXED_VALUE = {"constraintType": "CUSTOMER_BADGE_FIXED_VALUE", "maxEarnLimit": 1}


def disabled_group():
    return BadgeGroup.objects.create(name="Gold", rank=1, active=False)


class TestChanging:
    @pytest.fixture
    def badge(self):
        return BadgeMetaFactory(name="Spring", claimed=True)

    def test_changing_a_badge_to_its_own_response_changes_nothing(self, api):
        badge = BadgeMetaFactory(
            claimed=True,
            enrolled=True,
            starts_at=LONG_AGO + timedelta(microseconds=123_457),
            expires_at=FAR_AHEAD + timedelta(microseconds=1),
            limits=[
                Limit(CUSTOMER, FIXED, 9),
                Limit(CUSTOMER, ROLLING, 3, Unit.DAYS, 2),
                Limit(CUSTOMER, ROLLING, 3, Unit.MONTHS, 2),
                Limit(CUSTOMER, WINDOW, 3, Unit.WEEKS, 1, 2),
                Limit(BADGE, WINDOW, 3, Unit.DAYS, 10),
            ],
        )
        before = BadgeMeta.objects.get().snapshot()

        answer = api.put(BADGES, response_as_body(api, badge))

        assert answer.status_code == 200
        after = BadgeMeta.objects.get().snapshot()
        assert after.pop("version") == before.pop("version") + 1
        limits = [{name: str(value) for name, value in limit.items()} for limit in after["limits"]]
        assert sorted(map(str, limits)) == sorted(
            str({name: str(value) for name, value in limit.items()}) for limit in before["limits"]
        )
        assert after | {"limits": 0} == before | {"limits": 0}

    def test_changing_a_badge_accepts_only_iso_times(self, api):
        badge = BadgeMetaFactory(starts_at=LONG_AGO + timedelta(microseconds=5))
        body = response_as_body(api, badge, startOn="LEFT OUT", expiresOn="LEFT OUT")

        assert api.put(BADGES, body).status_code == 200
        assert BadgeMeta.objects.get().starts_at == badge.starts_at

    def test_changing_a_badge_returns_and_records_it(self, api, badge, integrator):
        answer = api.put(BADGES, response_as_body(api, badge, name="Summer", badgeRank=4))

        assert answer.status_code == 200
        data = answer.json()["data"]
        assert (data["id"], data["name"], data["badgeRank"]) == (badge.pk, "Summer", 4)
        assert data["lastUpdatedBy"] == integrator.pk
        request = RequestLog.objects.get()
        assert (request.operation, request.badge) == (Operation.UPDATE_BADGE, badge)
        revision = badge.revisions.get()
        assert (revision.version, revision.request) == (2, request)
        assert revision.snapshot["name"] == "Summer"

    def test_changing_a_badge_keeps_claims_and_active_and_clears_omitted_fields(self, api):
        badge = BadgeMetaFactory(
            claimed=True,
            inactive=True,
            description="x",
            rank=3,
            limits=[Limit(CUSTOMER, FIXED, 1)],
        )
        body = {
            "id": badge.pk,
            **a_badge(startOnISO="2020-01-01T00:00:00Z", expiresOnISO="2100-01-01T00:00:00Z"),
        }

        data = api.put(BADGES, body).json()["data"]

        assert [claim["referenceId"] for claim in data["ownership"]["claims"]] == ["123694"]
        assert (data["active"], data["description"], data["badgeRank"]) == (False, None, None)
        assert data["customerConstraints"] == []

    def test_changing_a_badge_replaces_custom_fields_except_disabled_ones(self, api, badge):
        kept = CustomField.objects.create(name="old", data_type="STRING", active=False)
        CustomValue.objects.create(badge=badge, field=kept, value="kept")
        CustomField.objects.create(name="terms", data_type="STRING")
        api.put(BADGES, response_as_body(api, badge, customFields={"terms": "First"}))

        data = api.put(BADGES, response_as_body(api, badge, customFields={})).json()["data"]

        assert data["customFields"] == {}
        assert [value.value for value in badge.custom_values.all()] == ["kept"]

    def test_changing_a_badge_in_a_disabled_group_is_possible(self, api):
        badge = BadgeMetaFactory(group=disabled_group())
        body = response_as_body(api, badge, name="Summer", badgeGroupId=badge.group_id)

        assert api.put(BADGES, body).json()["data"]["badgeGroupId"] is None
        assert BadgeMeta.objects.get().group_id == badge.group_id

    def test_changing_a_badge_may_move_a_future_start_into_the_past(self, api):
        badge = BadgeMetaFactory(upcoming=True)
        body = response_as_body(api, badge, startOnISO="2020-01-01T00:00:00Z")

        assert api.put(BADGES, body).json()["data"]["status"] == "LIVE"

    def test_changing_a_badge_may_extend_an_expired_one(self, api):
        badge = BadgeMetaFactory(expired=True)
        body = response_as_body(api, badge, expiresOnISO="2100-01-01T00:00:00Z")

        assert api.put(BADGES, body).json()["data"]["status"] == "LIVE"

    @pytest.mark.parametrize(
        ("code", "status", "changes", "reference"),
        [
            (715, 400, {"id": "LEFT OUT"}, "id"),
            (715, 400, {"id": ""}, "id"),
            (404, 404, {"id": UNKNOWN_ID}, "id"),
            (404, 404, {"id": "junk"}, "id"),
            (400, 400, {"id": 5}, "id"),
            (400, 400, {"earnType": "Earn"}, "earnType"),
            (720, 400, {"expiresOnISO": "2019-01-01T00:00:00Z"}, "expiresOnISO"),
            (722, 400, {"startOnISO": "1900-01-01T00:00:00Z"}, "startOnISO"),
            (723, 400, {"startOnISO": "2020-01-01T00:00:01Z"}, "startOnISO"),
            (724, 400, {"expiresOnISO": "2020-01-02T00:00:00Z"}, "expiresOnISO"),
            (725, 400, {"name": "Taken"}, "name"),
            (727, 400, {"ownership": "LEFT OUT"}, "ownership"),
            (727, 400, {"ownership": None}, "ownership"),
            (728, 400, {"ownership": {"restrictedToOwners": []}}, OWNERS),
            (738, 409, {"ownership": {"restrictedToOwners": ["Journeys"]}}, OWNERS),
            (826, 400, {"customerConstraints": [FIXED_VALUE]}, "customerConstraints"),
            (
                1020,
                400,
                {"earnType": "ISSUE_EARN", "issuedBadgeExpiry": {"expiryType": "NEVER"}},
                "earnType",
            ),
        ],
    )
    def test_changing_a_badge_is_refused_and_changes_nothing(
        self, api, code, status, changes, reference
    ):
        BadgeMetaFactory(name="Taken")
        badge = BadgeMetaFactory(claimed=True, limits=[Limit(CUSTOMER, WINDOW, 2, Unit.WEEKS, 1)])
        before = badge.snapshot()

        answer = api.put(BADGES, response_as_body(api, badge, **changes))

        assert answer.status_code == status
        assert (codes(answer), references(answer)) == ([code], [reference])
        assert BadgeMeta.objects.get(pk=badge.pk).snapshot() == before
        assert not badge.revisions.exists()
        assert refused_codes() == [code]

    def test_changing_a_badge_names_all_missing_fields(self, api):
        answer = api.put(BADGES, {})

        assert set(zip(codes(answer), references(answer), strict=True)) >= {
            (715, "id"),
            (727, "ownership"),
            (400, "name"),
        }

    def test_changing_a_badge_is_not_possible_at_its_own_address(self, api, badge):
        assert codes(api.put(f"{BADGES}/{badge.pk}", a_badge())) == [405]


class TestReading:
    def test_reading_a_badge_returns_the_response_of_creating_it(self, api):
        created = api.post(BADGES, a_badge()).json()

        answer = api.get(f"{BADGES}/{created['data']['id']}")

        assert answer.status_code == 200
        assert answer.json() == created

    def test_reading_a_badge_counts_on_request(self, api):
        badge = BadgeMetaFactory(enrolled=True)
        enrolments = [EnrolmentFactory(badge=badge, customer_id=number) for number in (1, 2, 3)]
        EnrolmentFactory(badge=badge, revoked=True)
        EarnedBadgeFactory(badge=badge, enrolment=enrolments[0])
        EarnedBadgeFactory(badge=badge, revoked=True)
        EarnedBadgeFactory()

        plain = api.get(f"{BADGES}/{badge.pk}?includeStatistics=false&limit=1&order=DESC").json()
        counted = api.get(f"{BADGES}/{badge.pk}?includeStatistics=true").json()["data"]

        assert not {"issuedCount", "earnedCount"} & set(plain["data"])
        assert (counted.pop("issuedCount"), counted.pop("earnedCount")) == (3, 1)
        assert counted == plain["data"]

    def test_reading_a_badge_shows_only_active_claims(self, api, live_badge):
        live_badge.claims.create(owner_type="Loyalty", reference_id="old", active=False)

        data = api.get(f"{BADGES}/{live_badge.pk}").json()["data"]

        assert data["ownership"]["claims"] == [
            {"ownerType": "Loyalty", "referenceId": "123694", "isActive": True}
        ]

    def test_reading_a_badge_leaves_out_disabled_groups_and_custom_fields(self, api):
        badge = BadgeMetaFactory(group=disabled_group())
        field = CustomField.objects.create(name="old", data_type="STRING", active=False)
        CustomValue.objects.create(badge=badge, field=field, value="x")

        data = api.get(f"{BADGES}/{badge.pk}").json()["data"]

        assert (data["badgeGroupId"], data["badgeGroupName"]) == (None, None)
        assert data["customFields"] == {}

    @pytest.mark.parametrize(
        "badge_id", [UNKNOWN_ID, "junk", "%00", "%ED%A0%80", "x" * 5000, "customer", "%20"]
    )
    def test_reading_an_unknown_badge_is_refused(self, api, live_badge, badge_id):
        answer = api.get(f"{BADGES}/{badge_id}")

        assert answer.status_code == 404
        assert codes(answer) == [404]
        assert not RequestLog.objects.exists()

    def test_reading_a_badge_requires_its_exact_id(self, api, live_badge):
        for near in (live_badge.pk.upper() + "%20", live_badge.pk + "%20"):
            assert codes(api.get(f"{BADGES}/{near}")) == [404]

    @pytest.mark.parametrize(
        ("query", "reference"),
        [
            ("includeStatistics=1", "includeStatistics"),
            ("includeStatistics=True", "includeStatistics"),
            ("includeStatistics=", "includeStatistics"),
            ("includeStatistics=true&includeStatistics=false", "includeStatistics"),
            ("order=asc", "order"),
            ("limit=0", "limit"),
        ],
    )
    def test_reading_a_badge_refuses_invalid_parameters(self, api, live_badge, query, reference):
        answer = api.get(f"{BADGES}/{live_badge.pk}?{query}")

        assert (codes(answer), references(answer)) == ([400], [reference])

    def test_reading_a_badge_takes_few_queries(
        self, api, live_badge, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(9):  # one for the integrator, six for the parts
            api.get(f"{BADGES}/{live_badge.pk}?includeStatistics=true")


class TestSwitching:
    @pytest.mark.parametrize(("verb", "active"), [("activate", True), ("deactivate", False)])
    def test_switching_a_badge_is_answered_and_recorded(self, api, verb, active):
        badge = BadgeMetaFactory(active=not active)

        answer = api.put(f"{BADGES}/{badge.pk}/{verb}", "")

        assert answer.json() == {
            "data": {"id": badge.pk, "isActive": active},
            "errors": [],
            "warnings": [],
        }
        assert BadgeMeta.objects.get().active is active
        assert RequestLog.objects.get().operation == f"{verb.upper()}_BADGE"
        assert badge.revisions.get().snapshot["active"] is active

    def test_switching_a_badge_to_its_state_changes_only_the_log(self, api, live_badge):
        assert api.put(f"{BADGES}/{live_badge.pk}/activate", "").status_code == 200

        assert not live_badge.revisions.exists()
        assert RequestLog.objects.count() == 1

    @pytest.mark.parametrize("body", ["{", '{"active": true}', b"\xff"])
    def test_switching_a_badge_ignores_a_body(self, api, live_badge, body):
        answer = api.put(f"{BADGES}/{live_badge.pk}/deactivate", body, content_type="text/plain")

        assert answer.json()["data"]["isActive"] is False

    @pytest.mark.parametrize("verb", ["activate", "deactivate"])
    def test_switching_an_unknown_badge_is_refused_and_recorded(self, api, verb):
        answer = api.put(f"{BADGES}/{UNKNOWN_ID}/{verb}", "")

        assert answer.status_code == 404
        assert codes(answer) == [404]
        assert refused_codes() == [404]

    def test_switching_a_badge_applies_to_the_next_earn(self, api, earn_body, live_badge):
        assert api.earn(earn_body()).status_code == 200
        api.put(f"{BADGES}/{live_badge.pk}/deactivate", "")
        assert codes(api.earn(earn_body())) == [815]
        api.put(f"{BADGES}/{live_badge.pk}/activate", "")
        assert api.earn(earn_body()).status_code == 200
