"""The request log, which accepts each request id once."""

import hashlib

import msgspec
import pytest

from badges.errors import BadgeError, ErrorCode
from badges.models import (
    Channel,
    EarnedBadge,
    Enrolment,
    Operation,
    Owner,
    RequestLog,
    RequestOutcome,
)
from badges.services.customers.enrol import enrol_customers
from badges.services.earning.earn import earn_badges
from badges.services.request_log import (
    MAX_REFUSED_CONTENT,
    Origin,
    fingerprint,
    logged_request,
    record_refusal,
)
from tests.conftest import refused
from tests.factories import CUSTOMER, LOYALTY, NOW, IntegratorFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestAcceptedRequestId:
    @pytest.fixture
    def first(self, live_badge, earn):
        return earn(live_badge, request_id="2132")

    @pytest.mark.parametrize("given", [{}, {"customer_id": CUSTOMER + 1}, {"event_at": NOW}])
    def test_an_accepted_request_id_is_refused_and_recorded_without_a_fact(
        self, first, earn, given
    ):
        with refused(809):
            earn(first.badge, request_id="2132", **given)
        assert EarnedBadge.objects.get() == first
        twin = RequestLog.objects.exclude(pk=first.request_id).get()
        assert (twin.outcome, twin.code) == (RequestOutcome.REFUSED, 809)
        assert twin.request_id == "2132"

    @pytest.mark.parametrize(
        "given",
        [
            {"badge_id": "0" * 24},
            {"badge_id": None, "owner": Owner("Loyalty", "nobody's")},
            {"owner": None},
        ],
    )
    def test_an_accepted_request_id_is_refused_before_every_other_error(self, first, earn, given):
        with refused(809):
            earn(first.badge, request_id="2132", **given)

    def test_an_accepted_request_id_returns_the_original_to_its_actor(self, first, earn):
        with pytest.raises(BadgeError) as refusal:
            earn(first.badge, request_id="2132")
        assert refusal.value.field == "request_id"
        assert refusal.value.original == first.request
        assert refusal.value.original.earned == first

    @pytest.mark.parametrize(
        ("given", "identical"),
        [({}, True), ({"customer_id": CUSTOMER + 1}, False), ({"event_at": NOW}, False)],
    )
    def test_an_accepted_request_id_reports_whether_the_request_is_identical(
        self, first, earn, given, identical
    ):
        with pytest.raises(BadgeError) as refusal:
            earn(first.badge, request_id="2132", **given)
        assert refusal.value.identical is identical

    @pytest.mark.parametrize(
        "make_origin",
        [
            lambda: Origin(channel=Channel.API, integrator=IntegratorFactory()),
            lambda: Origin(channel=Channel.MEMBERCARE, user=UserFactory()),
            lambda: Origin(channel=Channel.COMMAND),
        ],
    )
    def test_an_accepted_request_id_reveals_nothing_to_other_actors(self, first, earn, make_origin):
        with pytest.raises(BadgeError) as refusal:
            earn(first.badge, request_id="2132", origin=make_origin())
        assert refusal.value.code == ErrorCode.DUPLICATE_REQUEST
        assert refusal.value.original is None

    def test_an_accepted_request_id_is_refused_for_every_other_operation(
        self, first, enrolled_badge, api_origin
    ):
        call = {"origin": api_origin, "request_id": "2132", "now": NOW, "owner": LOYALTY}
        with refused(809):
            enrol_customers(badge_id=enrolled_badge.pk, customer_ids=[1], **call)
        with refused(809):
            earn_badges(badge_id=first.badge_id, customer_ids=[1], **call)
        assert not Enrolment.objects.exists()
        assert EarnedBadge.objects.get() == first

    def test_an_accepted_request_id_stays_accepted_however_often_it_is_refused(self, first, earn):
        for _time in range(3):
            with refused(809):
                earn(first.badge, request_id="2132")
        outcomes = RequestLog.objects.filter(request_id="2132").values_list("outcome", flat=True)
        assert sorted(outcomes) == ["ACCEPTED", "REFUSED", "REFUSED", "REFUSED"]


@pytest.mark.parametrize("other", ["2132 ", "A-2132", "a-2132", "02132"])
def test_request_ids_that_differ_in_a_character_are_different(live_badge, earn, other):
    earn(live_badge, request_id="2132")
    earn(live_badge, request_id="a-2132" if other == "A-2132" else "A-2132")
    earn(live_badge, request_id=other)
    assert EarnedBadge.objects.count() == 3


def test_attempts_without_a_request_id_do_not_conflict(api_origin):
    for _time in range(2):
        with logged_request(Operation.CLAIM, origin=api_origin, now=NOW):
            pass
    assert RequestLog.objects.accepted().count() == 2


def test_a_failing_attempt_is_rolled_back(live_badge, api_origin):
    with (
        pytest.raises(ZeroDivisionError),
        logged_request(Operation.EARN, origin=api_origin, now=NOW, request_id="2132"),
    ):
        raise ZeroDivisionError
    assert not RequestLog.objects.exists()


def test_a_refusal_rolls_the_attempt_back(live_badge, api_origin):
    with (
        refused(815),
        logged_request(Operation.CLAIM, origin=api_origin, now=NOW, badge_id=live_badge.pk),
    ):
        live_badge.claims.all().delete()
        raise BadgeError(ErrorCode.BADGE_NOT_LIVE)
    assert live_badge.claims.count() == 1
    assert RequestLog.objects.get().code == 815


def test_a_refused_row_keeps_the_beginning_of_its_content(live_badge, earn, integrator):
    content = "x" * (MAX_REFUSED_CONTENT + 1)
    origin = Origin(channel=Channel.API, integrator=integrator, content=content)
    with refused(810):
        earn(live_badge, origin=origin, owner=Owner("Journeys", "1"))
    assert RequestLog.objects.get().content == content[:MAX_REFUSED_CONTENT]


def test_an_accepted_row_keeps_all_of_its_content(live_badge, earn, integrator):
    content = "x" * (MAX_REFUSED_CONTENT + 1)
    earn(live_badge, origin=Origin(channel=Channel.API, integrator=integrator, content=content))
    assert RequestLog.objects.get().content == content


def test_an_entry_point_records_its_own_refusals(api_origin, integrator):
    errors = [
        {"code": 812, "message": "The customer id is missing."},
        {"code": 804, "message": "The request id is missing."},
    ]
    record_refusal(Operation.EARN, origin=api_origin, errors=errors)
    row = RequestLog.objects.get()
    assert (row.outcome, row.code, row.errors) == (RequestOutcome.REFUSED, 812, errors)
    assert (row.integrator, row.request_id, row.operation) == (integrator, None, Operation.EARN)


def test_a_fingerprint_does_not_depend_on_the_order():
    meant = {"customer": 1, "badge": "a", "owner": LOYALTY, "event_at": NOW}
    turned = dict(reversed(meant.items()))
    assert fingerprint(**meant) == fingerprint(**turned)
    assert len(fingerprint(**meant)) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"customer": 2},
        {"badge": None},
        {"owner": Owner("Loyalty", "1")},
        {"owner": None},
        {"event_at": None},
    ],
)
def test_a_fingerprint_changes_with_the_meaning(change):
    meant = {"customer": 1, "badge": "a", "owner": LOYALTY, "event_at": NOW}
    assert fingerprint(**meant) != fingerprint(**(meant | change))


def test_a_fingerprint_is_keyed_outside_of_the_database(settings):
    """Without the key, the customer of a fingerprint cannot be found by trying all numbers."""
    meant = {"badge": "b", "customer": 1001}
    before = fingerprint(**meant)
    assert before != hashlib.sha256(msgspec.json.encode(meant, order="sorted")).hexdigest()
    settings.SECRET_KEY = "another key, outside of the database as well"
    assert fingerprint(**meant) != before


def test_requests_that_mean_the_same_have_one_fingerprint(live_badge, earn):
    facts = [earn(live_badge, request_id=number, event_at=NOW) for number in ("1", "2")]
    other = earn(live_badge, event_at=NOW, customer_id=CUSTOMER + 1)
    assert facts[0].request.fingerprint == facts[1].request.fingerprint
    assert facts[0].request.fingerprint != other.request.fingerprint


@pytest.mark.parametrize(
    ("origin_of", "actor"),
    [
        ("api_origin", "Loyalty engine"),
        ("desk_origin", "maria"),
        (None, "command line"),
    ],
)
def test_a_row_of_the_request_log_names_its_actor(request, origin_of, actor, db):
    origin = request.getfixturevalue(origin_of) if origin_of else Origin(channel=Channel.COMMAND)
    with logged_request(Operation.CLAIM, origin=origin, now=NOW) as row:
        pass
    assert row.actor == actor
