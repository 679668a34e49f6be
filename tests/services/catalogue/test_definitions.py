"""Badge definitions are created, changed and claimed with log rows; a refusal changes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cachetools import LRUCache
from django.utils import timezone

from badges.models import (
    BadgeMeta,
    BadgeRevision,
    Claim,
    EarnedBadge,
    EarnType,
    ExpiryKind,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    Owner,
    RequestLog,
    RequestOutcome,
    Unit,
)
from badges.services.catalogue import definitions
from badges.services.catalogue.definitions import (
    BadgeDraft,
    cached_definition,
    claim_badge,
    create_badge,
    reload,
    unclaim_badge,
    update_badge,
)
from tests.conftest import refused
from tests.factories import CUSTOMER, LOYALTY, NOW, BadgeMetaFactory
from tests.services.catalogue.drafts import LIMITS, SPRING, VALUES

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
UNKNOWN_ID = "0" * 24
JOURNEY = Owner("Journeys", "77")


def drafted(draft=SPRING, *, owners=None, limits=None, **values):
    """Return the draft with some of its parts replaced."""
    return replace(
        draft,
        values=draft.values | values,
        owners=draft.owners if owners is None else owners,
        limits=draft.limits if limits is None else limits,
    )


@pytest.fixture
def origin(desk_origin):
    return desk_origin


@pytest.fixture
def spring(origin):
    return create_badge(origin=origin, draft=SPRING, now=NOW)


class TestCreating:
    def test_creating_a_badge_stores_the_badge_with_its_parts(self, spring):
        badge = BadgeMeta.objects.get()
        assert badge == spring
        assert {name: getattr(badge, name) for name in VALUES} == VALUES
        assert (badge.version, badge.active) == (1, True)
        assert [owner.owner_type for owner in badge.owners.all()] == ["Loyalty", "Journeys"]
        assert [limit.value for limit in badge.limits.all()] == LIMITS
        assert badge.images.get().name == "Medal"
        assert not badge.claims.exists()

    def test_creating_a_badge_writes_its_first_revision_and_its_request(self, spring, member_care):
        request = RequestLog.objects.get()
        assert (request.operation, request.outcome) == (
            Operation.CREATE_BADGE,
            RequestOutcome.ACCEPTED,
        )
        assert (request.badge, request.user, request.received_at) == (spring, member_care, NOW)
        revision = BadgeRevision.objects.get()
        assert (revision.badge, revision.version, revision.request) == (spring, 1, request)

    def test_creating_a_badge_keeps_the_whole_definition_in_the_snapshot(self, spring):
        snapshot = BadgeRevision.objects.get().snapshot
        assert snapshot["name"] == "Spring"
        assert snapshot["starts_at"] == "2026-03-01T00:00:00Z"
        assert snapshot["owners"] == ["Loyalty", "Journeys"]
        assert [limit["max_earns"] for limit in snapshot["limits"]] == [3, 9]
        assert snapshot["images"][0]["url"] == "https://images.example/medal.png"
        assert snapshot["claims"] == []

    def test_creating_a_badge_accepts_a_reserved_id(self, origin):
        assert create_badge(origin=origin, draft=SPRING, badge_id="a" * 24).pk == "a" * 24

    def test_creating_a_badge_stores_a_repeated_owner_once(self, origin):
        badge = create_badge(origin=origin, draft=drafted(owners=["Loyalty", "Loyalty"]), now=NOW)
        assert badge.owners.count() == 1

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"owners": []}, 728),
            ({"expires_at": VALUES["starts_at"]}, 720),
            ({"starts_at": datetime(1926, 1, 1, tzinfo=UTC)}, 722),
            ({"enrolment_expiry_kind": ExpiryKind.NEVER}, 400),
            ({"earn_type": EarnType.ISSUE_EARN}, 400),
        ],
    )
    def test_creating_a_badge_is_refused_with_a_row_that_names_no_badge(
        self, origin, changes, code
    ):
        with refused(code):
            create_badge(origin=origin, draft=drafted(**changes), now=NOW)
        row = RequestLog.objects.get()
        assert (row.operation, row.outcome, row.code) == (
            Operation.CREATE_BADGE,
            RequestOutcome.REFUSED,
            code,
        )
        assert row.badge is None
        assert not BadgeMeta.objects.exists()
        assert not BadgeRevision.objects.exists()

    def test_creating_a_badge_is_refused_when_another_badge_has_the_name(self, spring, origin):
        with refused(725):
            create_badge(origin=origin, draft=SPRING, now=NOW)
        assert BadgeMeta.objects.get() == spring
        create_badge(origin=origin, draft=drafted(name="spring"), now=NOW)
        assert BadgeMeta.objects.count() == 2


def test_the_times_of_a_badge_and_of_a_claim_are_those_of_their_requests(spring, origin):
    """F29."""
    claimed_at, unclaimed_at = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    claim_badge(origin=origin, badge_id=spring.pk, owner=JOURNEY, now=claimed_at)
    unclaim_badge(origin=origin, badge_id=spring.pk, owner=JOURNEY, now=unclaimed_at)

    badge, claim = BadgeMeta.objects.get(), Claim.objects.get()
    assert (badge.created_at, badge.updated_at) == (NOW, unclaimed_at)
    assert (claim.created_at, claim.updated_at) == (claimed_at, unclaimed_at)


class TestChanging:
    def test_changing_a_badge_replaces_the_parts_and_raises_the_version(self, spring, origin):
        draft = BadgeDraft(
            values={"name": "Summer"}, owners=["Journeys"], limits=[replace(LIMITS[0], max_earns=4)]
        )
        update_badge(origin=origin, badge_id=spring.pk, draft=draft, now=NOW)

        badge = BadgeMeta.objects.get()
        assert (badge.name, badge.version, badge.description) == (
            "Summer",
            2,
            VALUES["description"],
        )
        assert [owner.owner_type for owner in badge.owners.all()] == ["Journeys"]
        assert [limit.max_earns for limit in badge.limits.all()] == [4]
        assert not badge.images.exists()

    def test_changing_a_badge_writes_another_revision_and_request(self, spring, origin):
        update_badge(origin=origin, badge_id=spring.pk, draft=drafted(name="Summer"), now=NOW)
        assert [(each.version, each.snapshot["name"]) for each in spring.revisions.all()] == [
            (2, "Summer"),
            (1, "Spring"),
        ]
        newest = spring.revisions.first().request
        assert (newest.operation, newest.badge) == (Operation.UPDATE_BADGE, spring)

    def test_changing_a_badge_keeps_the_claims(self, spring, origin):
        claim_badge(origin=origin, badge_id=spring.pk, owner=JOURNEY, now=NOW)
        update_badge(origin=origin, badge_id=spring.pk, draft=SPRING, now=NOW)
        assert spring.claims.get().owner == JOURNEY
        assert spring.revisions.first().snapshot["claims"] == [
            {"owner_type": "Journeys", "reference_id": "77"}
        ]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"starts_at": VALUES["starts_at"] + DAY}, 723),
            ({"expires_at": NOW}, 724),
            ({"expires_at": VALUES["starts_at"]}, 720),
            ({"owners": []}, 728),
            ({"owners": ["Loyalty"]}, 738),
            (
                {"earn_type": EarnType.ISSUE_EARN, "enrolment_expiry_kind": ExpiryKind.NEVER},
                1020,
            ),
            (
                {"limits": [Limit(LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 9, Unit.MONTHS, 1)]},
                826,
            ),
            ({"name": "Taken"}, 725),
        ],
    )
    def test_changing_a_badge_is_refused_and_changes_nothing(self, spring, origin, changes, code):
        BadgeMetaFactory(name="Taken")
        claim_badge(origin=origin, badge_id=spring.pk, owner=JOURNEY, now=NOW)
        before = BadgeMeta.objects.get(pk=spring.pk).snapshot()

        with refused(code):
            update_badge(origin=origin, badge_id=spring.pk, draft=drafted(**changes), now=NOW)

        assert BadgeMeta.objects.get(pk=spring.pk).snapshot() == before
        assert spring.revisions.count() == 2
        row = RequestLog.objects.get(outcome=RequestOutcome.REFUSED)
        assert (row.operation, row.code, row.badge) == (Operation.UPDATE_BADGE, code, spring)

    def test_changing_a_badge_applies_to_the_next_earn(self, earn, live_badge, origin):
        earn(live_badge)
        draft = BadgeDraft(values={"active": False}, owners=["Loyalty"])
        update_badge(origin=origin, badge_id=live_badge.pk, draft=draft, now=NOW)
        with refused(815):
            earn(live_badge)
        assert EarnedBadge.objects.count() == 1


class TestClaiming:
    def test_claiming_a_badge_stores_and_records_the_claim(self, spring, origin, member_care):
        claim, is_new = claim_badge(origin=origin, badge_id=spring.pk, owner=JOURNEY, now=NOW)

        assert Claim.objects.get() == claim
        assert is_new
        assert (claim.badge, claim.owner, claim.active) == (spring, JOURNEY, True)
        revision = spring.revisions.first()
        assert (revision.version, revision.request.operation) == (2, Operation.CLAIM)
        assert revision.request.user == member_care
        assert BadgeMeta.objects.get().version == 2

    def test_claiming_a_badge_again_changes_nothing_but_the_log(self, spring, origin):
        first, again = (
            claim_badge(origin=origin, badge_id=spring.pk, owner=JOURNEY, now=NOW)
            for _time in range(2)
        )
        assert (again[0], first[1], again[1]) == (first[0], True, False)
        assert Claim.objects.count() == 1
        assert spring.revisions.count() == 2
        assert RequestLog.objects.filter(operation=Operation.CLAIM).count() == 2

    def test_claiming_a_badge_reactivates_a_revoked_claim(self, spring, origin):
        first = claim_badge(origin=origin, badge_id=spring.pk, owner=JOURNEY, now=NOW)
        unclaim_badge(origin=origin, badge_id=spring.pk, owner=JOURNEY, now=NOW)
        assert claim_badge(origin=origin, badge_id=spring.pk, owner=JOURNEY, now=NOW) == first
        assert Claim.objects.get().active
        assert [revision.version for revision in spring.revisions.all()] == [4, 3, 2, 1]

    def test_claiming_a_badge_is_possible_for_several_owners_and_references(self, spring, origin):
        for owner in (JOURNEY, Owner("Journeys", "78"), LOYALTY):
            claim_badge(origin=origin, badge_id=spring.pk, owner=owner, now=NOW)
        assert reload(spring.pk).claims == {JOURNEY, Owner("Journeys", "78"), LOYALTY}

    @pytest.mark.parametrize(
        ("badge", "owner", "code"),
        [({}, JOURNEY, 714), ({"inactive": True}, LOYALTY, 815)],
    )
    def test_claiming_a_badge_is_refused_and_changes_nothing(self, origin, badge, owner, code):
        badge = BadgeMetaFactory(**badge)
        with refused(code):
            claim_badge(origin=origin, badge_id=badge.pk, owner=owner, now=NOW)
        assert not Claim.objects.exists()
        assert not BadgeRevision.objects.exists()
        assert BadgeMeta.objects.get().version == 1
        assert RequestLog.objects.get().code == code


class TestUnclaiming:
    def test_unclaiming_a_badge_keeps_the_row_and_is_recorded(self, live_badge, origin):
        unclaim_badge(origin=origin, badge_id=live_badge.pk, owner=LOYALTY, now=NOW)
        assert not live_badge.claims.get().active
        revision = live_badge.revisions.get()
        assert (revision.version, revision.request.operation) == (2, Operation.UNCLAIM)
        assert revision.snapshot["claims"] == []

    @pytest.mark.parametrize("owner", [JOURNEY, Owner("Loyalty", "1")])
    def test_unclaiming_a_badge_is_refused_without_such_a_claim(self, live_badge, origin, owner):
        with refused(737):
            unclaim_badge(origin=origin, badge_id=live_badge.pk, owner=owner, now=NOW)
        assert live_badge.claims.get().active
        assert not live_badge.revisions.exists()

    def test_unclaiming_a_badge_twice_is_refused(self, live_badge, origin):
        unclaim_badge(origin=origin, badge_id=live_badge.pk, owner=LOYALTY, now=NOW)
        with refused(737):
            unclaim_badge(origin=origin, badge_id=live_badge.pk, owner=LOYALTY, now=NOW)

    def test_unclaiming_a_badge_allows_removing_the_owner(self, live_badge, origin):
        draft = BadgeDraft(values={}, owners=["Journeys"])
        with refused(738):
            update_badge(origin=origin, badge_id=live_badge.pk, draft=draft, now=NOW)
        unclaim_badge(origin=origin, badge_id=live_badge.pk, owner=LOYALTY, now=NOW)
        update_badge(origin=origin, badge_id=live_badge.pk, draft=draft, now=NOW)
        assert live_badge.owners.get().owner_type == "Journeys"


@pytest.mark.parametrize(
    "change",
    [
        lambda **call: update_badge(draft=SPRING, **call),
        lambda **call: claim_badge(owner=LOYALTY, **call),
        lambda **call: unclaim_badge(owner=LOYALTY, **call),
    ],
)
def test_an_unknown_badge_is_not_found_and_the_attempt_is_recorded(origin, change):
    with refused(404):
        change(origin=origin, badge_id=UNKNOWN_ID)
    row = RequestLog.objects.get()
    assert (row.code, row.badge) == (404, None)


def test_the_processing_time_is_the_real_time_when_none_is_given(origin):
    before = timezone.now()
    create_badge(origin=origin, draft=SPRING)
    assert before <= RequestLog.objects.get().received_at <= timezone.now()


def test_a_definition_has_the_fields_of_the_rules(spring, origin):
    claim_badge(origin=origin, badge_id=spring.pk, owner=JOURNEY, now=NOW)
    definition = reload(spring.pk)
    assert (definition.id, definition.version, definition.name) == (spring.pk, 2, "Spring")
    assert definition.owners == {"Loyalty", "Journeys"}
    assert definition.claims == {JOURNEY}
    assert definition.limits == tuple(LIMITS)
    assert definition.limits_at(NOW, LimitLevel.CUSTOMER) == (LIMITS[0],)
    assert definition.limits_at(NOW, LimitLevel.BADGE) == (LIMITS[1],)
    assert (definition.needs_enrolment, definition.enrolment_expiry) == (False, None)


def test_a_cached_definition_takes_no_query(live_badge, django_assert_num_queries):
    cached_definition(live_badge.pk)
    with django_assert_num_queries(0):
        assert cached_definition(live_badge.pk).name == "Welcome"


def test_a_full_cache_evicts_the_definition_used_least_recently(
    monkeypatch, django_assert_num_queries, db
):
    monkeypatch.setattr(definitions, "_cache", LRUCache(2))
    used, unused, newest = (BadgeMetaFactory().pk for _time in range(3))
    for badge_id in (used, unused, used, newest):
        cached_definition(badge_id)
    with django_assert_num_queries(0):
        assert [cached_definition(each).id for each in (used, newest)] == [used, newest]
    assert set(definitions._cache) == {used, newest}


def test_an_unknown_definition_is_not_cached(db):
    assert cached_definition(UNKNOWN_ID) is None
    BadgeMetaFactory(pk=UNKNOWN_ID)
    assert cached_definition(UNKNOWN_ID).id == UNKNOWN_ID
    BadgeMeta.objects.all().delete()
    assert reload(UNKNOWN_ID) is None
    assert cached_definition(UNKNOWN_ID) is None


def test_an_earn_writes_no_revision(earn, live_badge):
    earn(live_badge, customer_id=CUSTOMER)
    assert not live_badge.revisions.exists()
    assert BadgeMeta.objects.get().version == 1
