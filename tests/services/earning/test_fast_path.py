"""The fast path of an earn: the rows that it writes, and the earns that it declines."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from badges.models import (
    BadgeMeta,
    EarnedBadge,
    EarnTally,
    EarnType,
    Enrolment,
    Limit,
    LimitKind,
    LimitLevel,
    Owner,
    RequestLog,
    RequestOutcome,
    Unit,
)
from badges.services.access.integrators import revoke_integrator, rotate_secret, update_integrator
from badges.services.access.people import update_access_group
from badges.services.earning.command import single_earn_command
from badges.services.earning.fast_path import try_fast_earn
from badges.services.request_log import Origin
from tests.factories import CUSTOMER, LOYALTY, NOW, BadgeMetaFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db

ONE_EACH = Limit(LimitLevel.CUSTOMER, LimitKind.ROLLING_WINDOW, 1, Unit.DAYS, 2)
TWO_IN_ALL = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 2)


@pytest.fixture
def try_earn(earn_arguments):
    """Return a function that tries the fast path with the arguments of `earn_arguments`."""

    def try_earn(badge, **given):
        return try_fast_earn(single_earn_command(**earn_arguments(badge, **given)))

    return try_earn


@pytest.fixture
def badge(request):
    badge = BadgeMetaFactory(claimed=True, **request.param)
    if badge.earn_type == EarnType.ISSUE_EARN:
        EnrolmentFactory(badge=badge, customer_id=CUSTOMER)
        EnrolmentFactory(badge=badge, customer_id=CUSTOMER + 1)
    return badge


EACH_KIND = pytest.mark.parametrize(
    "badge",
    [{}, {"enrolled": True}, {"limits": [ONE_EACH]}, {"limits": [TWO_IN_ALL]}],
    ids=["plain", "with enrolment", "with a customer limit", "with a badge limit"],
    indirect=True,
)


def is_written(number):
    """Check that there are exactly `number` earned badges and requests."""
    assert EarnedBadge.objects.count() == RequestLog.objects.count() == number
    return True


@EACH_KIND
def test_the_fast_path_returns_the_written_row(try_earn, api_origin, badge):
    enrolment = Enrolment.objects.filter(badge=badge, customer_id=CUSTOMER).first()
    before = RequestLog.objects.count()

    earned = try_earn(badge, request_id="2132", event_at=NOW - timedelta(hours=1))

    fact = EarnedBadge.objects.select_related("request").get()
    for name in ("pk", "badge_id", "customer_id", "event_at", "earned_at", "expires_at"):
        assert getattr(earned, name) == getattr(fact, name)
    assert earned.request_id == fact.request_id
    assert earned.enrolment_id == fact.enrolment_id == (enrolment and enrolment.pk)
    assert Owner(fact.owner_type, fact.reference_id) == LOYALTY
    assert fact.event_at == NOW - timedelta(hours=1)
    request = fact.request
    assert (request.request_id, request.outcome) == ("2132", RequestOutcome.ACCEPTED)
    assert (request.integrator, request.content) == (api_origin.integrator, api_origin.content)
    assert (request.received_at, request.customer_id) == (NOW, CUSTOMER)
    assert abs(request.recorded_at - timezone.now()) < timedelta(minutes=1)
    assert RequestLog.objects.count() == before + 1


@EACH_KIND
def test_the_fast_path_declines_a_used_request_id(try_earn, badge):
    try_earn(badge, request_id="2132")
    before = RequestLog.objects.count(), list(EarnTally.objects.values())

    assert try_earn(badge, request_id="2132", customer_id=CUSTOMER + 1) is None
    assert try_earn(badge, request_id="2132", now=NOW + timedelta(days=3)) is None

    assert EarnedBadge.objects.count() == 1
    assert (RequestLog.objects.count(), list(EarnTally.objects.values())) == before


@EACH_KIND
def test_the_fast_path_declines_a_changed_badge(try_earn, badge):
    try_earn(badge)
    before = RequestLog.objects.count()
    BadgeMeta.objects.filter(pk=badge.pk).update(version=badge.version + 1)

    assert try_earn(badge, customer_id=CUSTOMER, now=NOW + timedelta(days=3)) is None
    assert RequestLog.objects.count() == before
    assert EarnedBadge.objects.count() == 1


@EACH_KIND
@pytest.mark.parametrize("change", ["revoked", "rotated", "edited", "its group was changed"])
def test_the_fast_path_declines_a_changed_integrator(
    try_earn, desk_origin, integrator, badge, change
):
    group = integrator.access_groups.get()
    about = {"origin": desk_origin, "integrator_id": integrator.pk}
    if change == "revoked":
        revoke_integrator(**about)
    elif change == "rotated":
        rotate_secret(**about, overlap=timedelta(hours=1))
    elif change == "edited":
        update_integrator(**about, access_groups=[group])
    else:
        about = {"group_id": group.pk, "name": group.name, "permissions": []}
        update_access_group(origin=desk_origin, **about)
    before = RequestLog.objects.count()

    assert try_earn(badge) is None
    assert RequestLog.objects.count() == before
    assert not EarnedBadge.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {"badge_id": "0" * 24},
        {"badge_id": None},
        {"owner": None},
        {"owner": Owner("Loyalty", "somebody else's")},
        {"event_at": NOW + timedelta(days=2)},
        {"reissue_of": "0" * 24},
    ],
    ids=["unknown", "by claim", "no owner", "no claim", "in the future", "again"],
)
def test_the_fast_path_declines_refusals_and_rare_cases(try_earn, live_badge, given):
    assert try_earn(live_badge, **given) is None
    assert is_written(0)


def test_the_fast_path_declines_a_customer_without_enrolment(try_earn, enrolled_badge):
    assert try_earn(enrolled_badge) is None
    assert is_written(0)


def test_the_fast_path_declines_a_customer_at_the_limit(try_earn):
    badge = BadgeMetaFactory(claimed=True, limits=[ONE_EACH])
    assert try_earn(badge)
    assert try_earn(badge, now=NOW + timedelta(days=1)) is None
    assert try_earn(badge, customer_id=CUSTOMER + 1)
    assert try_earn(badge, now=NOW + timedelta(days=2))
    assert is_written(3)


def test_the_fast_path_declines_a_badge_at_its_limit(try_earn):
    badge = BadgeMetaFactory(claimed=True, limits=[TWO_IN_ALL])
    assert [bool(try_earn(badge, customer_id=CUSTOMER + each)) for each in range(3)] == [1, 1, 0]
    assert is_written(2)


def test_the_fast_path_declines_an_expired_token(try_earn, live_badge, integrator, api_origin):
    from oauth2_provider.models import get_access_token_model

    token = get_access_token_model().objects.create(
        application=integrator, token="t", scope="", expires=timezone.now() + timedelta(minutes=5)
    )
    origin = Origin(channel=api_origin.channel, integrator=integrator, token_id=token.pk)
    assert try_earn(live_badge, origin=origin)
    token.expires = timezone.now() - timedelta(seconds=1)
    token.save()
    assert try_earn(live_badge, origin=origin) is None
    token.delete()
    assert try_earn(live_badge, origin=origin) is None
    assert is_written(1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("badge", "trips"),
    [({}, 1), ({"enrolled": True}, 2), ({"limits": [ONE_EACH]}, 2), ({"limits": [TWO_IN_ALL]}, 2)],
    ids=["plain", "with enrolment", "with a customer limit", "with a badge limit"],
    indirect=["badge"],
)
def test_the_round_trips_of_the_fast_path_for_a_cached_badge(
    needs_postgresql, try_earn, badge, trips, tmp_path
):
    assert try_earn(badge, customer_id=CUSTOMER + 1)

    with (tmp_path / "trace").open("w+") as file:
        pgconn = connection.connection.pgconn
        pgconn.trace(file.fileno())
        assert try_earn(badge)
        pgconn.untrace()
        file.seek(0)
        senders = [line.split("\t")[1] for line in file if "\t" in line]
    turns = [now for before, now in zip(["B", *senders], senders, strict=False) if now != before]
    assert turns.count("F") == trips
