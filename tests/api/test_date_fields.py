"""Dates in two fields, unknown fields, and the field that a refusal names."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from badges.models import BadgeMeta, EarnedBadge, Enrolment, Limit, LimitKind, LimitLevel, Unit
from tests.api.conftest import BADGES, TRIGGER, a_badge, codes, references, response_as_body
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

CUSTOMERS = "/api_gateway/v1/badges/customer/"
ENROL = "/api_gateway/v1/badges/badgeMeta/customer/issueBulk"
REVOKE_ENROLMENTS = "/api_gateway/v1/badges/badgeMeta/customer/revokeIssue"
IMPORT = "/api_gateway/v1/badges/import/customerBadges"
UNKNOWN, DIFFERS, NOT_READ = 2006, 2007, 2008
EVENT_AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
ISO = "2026-03-01T10:00:00Z"
EPOCH = 1772359200


def told(answer):
    """Return the codes and references of the warnings of an accepted call."""
    envelope = answer.json()
    assert envelope["errors"] == []
    return [(each["code"], each.get("reference")) for each in envelope["warnings"]]


OTHERS = [
    (EPOCH, []),
    (EPOCH + 0.5, []),
    ("2026-03-01T12:00:00+02:00", []),
    (None, []),
    (EPOCH + 1, [DIFFERS]),
    ("2026-03-02", [DIFFERS]),
    (EPOCH * 1000, [NOT_READ]),
    (True, [NOT_READ]),
    ("yesterday", [NOT_READ]),
    ({}, [NOT_READ]),
]


@pytest.mark.parametrize(("other", "codes_"), OTHERS)
def test_the_iso_field_of_an_earn_takes_precedence(api, earn_body, other, codes_):
    answer = api.earn(earn_body(earnEventDateISO=ISO, earnEventDate=other))

    assert told(answer) == [(code, "earnEventDate") for code in codes_]
    assert EarnedBadge.objects.get().event_at.replace(microsecond=0) == EVENT_AT


def test_an_invalid_iso_field_is_an_error_of_its_own(api, earn_body):
    answer = api.earn(earn_body(earnEventDateISO="never", earnEventDate=EPOCH))

    assert (codes(answer), references(answer)) == ([400], ["earnEventDateISO"])


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"issueEventDateISO": ISO}, []),
        ({"issueEventDate": EPOCH}, []),
        ({"issueEventDateISO": ISO, "issueEventDate": 5}, [(DIFFERS, "issueEventDate")]),
        ({"earnEventDate": EPOCH, "issueEventDateISO": "2026"}, [(NOT_READ, "issueEventDateISO")]),
        ({"earnEventDateISO": ISO, "issueEventDate": "2026-03-02"}, [(DIFFERS, "issueEventDate")]),
    ],
)
def test_a_bulk_earn_reads_four_names_of_its_date(api, earn_body, dates, expected):
    answer = api.post(f"{CUSTOMERS}earnBulk", earn_body(customerIds=[1], **dates) | {})

    assert [each for each in told(answer) if each[1] != "customerId"] == expected
    assert EarnedBadge.objects.get().event_at == EVENT_AT


def test_the_iso_fields_of_an_enrolment(api, earn_body, enrolled_badge):
    body = {
        "badgeMetaId": enrolled_badge.pk,
        "customers": [1],
        "requestId": "e",
        "issueEventDateISO": ISO,
        "issueEventDate": 0,
    }

    answer = api.post(ENROL, body)

    assert told(answer) == [(DIFFERS, "issueEventDate")]
    assert Enrolment.objects.get().event_at == EVENT_AT


def test_errors_of_iso_fields_of_an_import_name_their_item(api, live_badge):
    item = {
        "badgeMetaId": live_badge.pk,
        "customerId": 1,
        "earnEventDateISO": ISO,
        "earnExpiresOnISO": "2030-01-01",
    }

    plain, warned = api.post(
        IMPORT, [item, item | {"customerId": 2, "earnExpiresOn": "soon", "extra": 1}]
    ).json()

    assert plain["warnings"] == []
    assert [(each["code"], each["reference"]) for each in warned["warnings"]] == [
        (UNKNOWN, "extra"),
        (NOT_READ, "earnExpiresOn"),
    ]


def test_the_iso_fields_of_a_badge_and_of_its_expiry(api):
    expiry = {
        "expiryType": "ABSOLUTE",
        "type": "FIXED_DATE",
        "expiresOnISO": "2090-01-01T00:00:00Z",
        "expiresOn": 7,
    }

    answer = api.post(BADGES, a_badge(startOn=1, expiresOn=10**12, earnedBadgeExpiry=expiry))

    assert told(answer) == [
        (DIFFERS, "startOn"),
        (NOT_READ, "expiresOn"),
        (DIFFERS, "earnedBadgeExpiry.expiresOn"),
    ]
    badge = BadgeMeta.objects.get()
    assert badge.starts_at == datetime(2026, 6, 1, tzinfo=UTC)
    assert badge.earned_expiry_at == datetime(2090, 1, 1, tzinfo=UTC)


class TestUnknownFields:
    def test_unknown_fields_of_an_earn(self, api, earn_body):
        body = earn_body(earnDate=ISO, triggeredBy=TRIGGER | {"kind": "x"})

        assert told(api.earn(body)) == [(UNKNOWN, "earnDate"), (UNKNOWN, "triggeredBy.kind")]

    def test_unknown_fields_of_a_badge(self, api):
        limit = {"constraintType": "CUSTOMER_BADGE_FIXED_VALUE", "maxEarnLimit": 2, "max": 2}
        picture = {"name": "a", "url": "https://x.example/a.png", "tag": "EARNED", "size": 1}
        body = a_badge(
            color="red",
            customerConstraints=[limit],
            images=[picture],
            ownership={"restrictedToOwners": ["Loyalty"], "owner": "x"},
            customFields={},
            benefits=[{"anything": 1}],
        )

        assert set(told(api.post(BADGES, body))) == {
            (UNKNOWN, "color"),
            (UNKNOWN, "customerConstraints.0.max"),
            (UNKNOWN, "images.0.size"),
            (UNKNOWN, "ownership.owner"),
        }

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("group", {"name": "Gold", "rank": 1}),
            ("customField", {"name": "Colour", "dataType": "STRING"}),
        ],
    )
    def test_unknown_fields_of_groups_and_fields(self, api, path, body):
        answer = api.post(f"/api_gateway/v1/badges/{path}", body | {"extra": 1})

        assert told(answer) == [(UNKNOWN, "extra")]

    def test_unknown_fields_of_the_items_of_a_list(self, api, live_badge):  # F22
        body = {
            "badgeMetaId": live_badge.pk,
            "revokeIssuals": [{"customerId": 1, "issueId": "a" * 24, "reason": "x"}],
        }

        assert told(api.post(REVOKE_ENROLMENTS, body)) == [(UNKNOWN, "revokeIssuals.0.reason")]

    def test_unknown_fields_of_a_claim(self, api, live_badge):
        owner = {"ownerType": "Loyalty", "referenceId": "new", "note": ""}

        assert told(api.post(f"{BADGES}/{live_badge.pk}/claim", owner)) == [(UNKNOWN, "note")]

    def test_unknown_fields_a_few_of_many_are_named(self, api, earn_body):
        body = earn_body() | {f"extra{number}": 1 for number in range(1000)}

        assert len(told(api.earn(body))) == 20


class TestReferences:
    @pytest.mark.parametrize("name", ["earnEventDate", "earnEventDateISO"])
    def test_references_of_an_earn(self, api, earn_body, name):
        ahead = (timezone.now() + timedelta(days=3)).isoformat(timespec="seconds")

        assert references(api.earn(earn_body(**{name: ahead}))) == [name]

    def test_references_of_an_earn_without_a_date(self, api, earn_body):
        upcoming = BadgeMetaFactory(expired=True, claimed=True)

        assert references(api.earn(earn_body(badgeMetaId=upcoming.pk))) == [None]

    @pytest.mark.parametrize("name", ["issueEventDate", "issueEventDateISO"])
    def test_references_of_a_bulk_earn(self, api, earn_body, name):
        body = earn_body(customerIds=[1], **{name: "2999-01-01"})

        assert references(api.post(f"{CUSTOMERS}earnBulk", body)) == [name]

    def test_references_of_a_badge(self, api):
        body = a_badge(expiresOn=1000) | {"expiresOnISO": None}

        assert references(api.post(BADGES, body)) == ["expiresOn"]


class TestDates:
    @pytest.mark.parametrize(
        "text",
        [
            *("2026-W01-1", "2026-W01", "20260301T100000Z", "20260301", "2026-060"),
            *("2026-03-01x10:00:00", "2026-03-01 10:00:00", "2026-03-01T10:00", "2026-03-01T10"),
            *("2026-03-01T10:00:00+02", "2026-03-01T10:00:00+0200", "2026-03-01T10:00:00,5Z"),
            *("2026-03-01T10:00:00+02:00:30", "2026-03-01T10:00:00.Z", "2026-3-1", "26-03-01"),
            *("2016-12-31T23:59:60Z", "2026-02-29", "2026-03-01T24:00:00Z", " 2026-03-01"),
            *("2026-03-01\n", "2026-03-01T10:00:00+24:00", "2026-03-01T10:00:00+01:60"),
            *("2026-03-01T10:00:00-01:99", "\u0662\u0660\u0662\u0666-03-01"),
            *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "+2026-03-01", ""),
        ],
    )
    @pytest.mark.parametrize("name", ["earnEventDate", "earnEventDateISO"])
    def test_dates_in_other_formats_are_refused(self, api, earn_body, name, text):
        answer = api.earn(earn_body(**{name: text}))

        assert (codes(answer), references(answer)) == ([400], [name])
        assert not EarnedBadge.objects.exists()

    @pytest.mark.parametrize(
        ("text", "event_at"),
        [
            ("2026-03-01", EVENT_AT.replace(hour=0)),
            (ISO, EVENT_AT),
            ("2026-03-01t10:00:00z", EVENT_AT),
            ("2026-03-01T10:00:00", EVENT_AT),
            ("2026-03-01T12:00:00+02:00", EVENT_AT),
            ("2026-03-01T10:00:00-00:00", EVENT_AT),
            ("2026-03-01T10:00:00.25Z", EVENT_AT.replace(microsecond=250_000)),
            ("2026-03-01T10:00:00.1234567Z", EVENT_AT.replace(microsecond=123_456)),
        ],
    )
    def test_dates_of_rfc_3339_are_accepted(self, api, earn_body, text, event_at):
        api.earn(earn_body(earnEventDateISO=text))

        assert EarnedBadge.objects.get().event_at == event_at

    @pytest.mark.parametrize(
        "number", [10**11 + 1, EPOCH * 1000, -(10**11) - 1, 1e300, 10**99, -1e12, True, 1e12]
    )
    def test_dates_that_are_no_epoch_seconds_are_refused(self, api, earn_body, number):
        answer = api.earn(earn_body(earnEventDate=number))

        assert (codes(answer), references(answer)) == ([400], ["earnEventDate"])

    @pytest.mark.parametrize("number", [EPOCH, float(EPOCH), EPOCH + 0.25, 1.7723592e9])
    def test_dates_in_epoch_seconds_are_accepted(self, api, earn_body, number):
        api.earn(earn_body(earnEventDate=number))

        expected = datetime.fromtimestamp(number, UTC)
        assert EarnedBadge.objects.get().event_at == expected


class TestRoundTrip:
    def test_a_round_trip_keeps_the_fraction_of_an_end(self, api):
        badge = BadgeMetaFactory(expires_at=datetime(2090, 1, 1, microsecond=750_000, tzinfo=UTC))
        whole = response_as_body(api, badge, expiresOn=3786912000.0)

        assert api.put(BADGES, whole).status_code == 200
        assert BadgeMeta.objects.get().expires_at == datetime(2090, 1, 1, tzinfo=UTC)

    def test_a_round_trip_applies_a_changed_iso_field(self, api):
        badge = BadgeMetaFactory(expires_at=datetime(2090, 1, 1, tzinfo=UTC))

        answer = api.put(BADGES, response_as_body(api, badge, expiresOn=3786912001.0))

        assert told(answer) == [(DIFFERS, "expiresOn")]
        assert BadgeMeta.objects.get().expires_at == datetime(2090, 1, 1, tzinfo=UTC)

    def test_a_round_trip_changes_nothing(self, api):
        customer, of_badge = LimitLevel.CUSTOMER, LimitLevel.BADGE
        window, value = LimitKind.FIXED_WINDOW, LimitKind.FIXED_VALUE
        badge = BadgeMetaFactory(
            claimed=True,
            starts_at=datetime(2020, 1, 1, microsecond=123_457, tzinfo=UTC),
            expires_at=datetime(2090, 1, 1, microsecond=1, tzinfo=UTC),
            limits=[
                Limit(customer, window, 3, Unit.DAYS, 2),
                Limit(customer, window, 3, Unit.WEEKS, 1, 2),
                Limit(customer, value, 9),
                Limit(of_badge, window, 3, Unit.MONTHS, 1),
                Limit(of_badge, value, 99),
            ],
        )
        before, row = response_as_body(api, badge), BadgeMeta.objects.get().snapshot()

        answer = api.put(BADGES, before)

        assert told(answer) == []
        changed = {"lastUpdatedOn", "lastUpdatedOnISO", "lastUpdatedBy"}
        after = response_as_body(api, badge)
        assert {name: after[name] for name in after.keys() - changed} == {
            name: before[name] for name in before.keys() - changed
        }
        now = BadgeMeta.objects.get().snapshot()
        assert now | {"version": 0} == row | {"version": 0}


class TestImports:
    @pytest.mark.parametrize(
        ("changes", "code", "reference"),
        [
            ({"earnEventDateISO": "2999-01-01"}, 750, "earnEventDateISO"),
            ({"earnExpiresOnISO": "2026-02-28"}, 400, "earnExpiresOnISO"),
            ({"earnExpiresOnISO": ISO}, 400, "earnExpiresOnISO"),
            ({"earnExpiresOnISO": None, "earnExpiresOn": 1000}, 400, "earnExpiresOn"),
        ],
    )
    def test_an_import_refuses_only_items_in_the_future(
        self, api, live_badge, changes, code, reference
    ):
        good = {
            "badgeMetaId": live_badge.pk,
            "customerId": 1,
            "earnEventDateISO": ISO,
            "earnExpiresOnISO": "3000-01-01",
        }

        first, second = api.post(IMPORT, [good, good | {"customerId": 2} | changes]).json()

        assert first["errors"] == []
        assert [(e["code"], e["reference"]) for e in second["errors"]] == [(code, reference)]
        assert list(EarnedBadge.objects.values_list("customer_id", flat=True)) == [1]
