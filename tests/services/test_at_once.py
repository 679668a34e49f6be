"""The short way of an earn: what it writes, and that it leaves alone what is not for it."""

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
from badges.services.at_once import earn_at_once
from badges.services.integrators import revoke_integrator, rotate_secret, update_integrator
from badges.services.people import update_access_group
from badges.services.requests import Origin
from badges.services.wishes import wish_for_one
from tests.factories import CUSTOMER, LOYALTY, NOW, BadgeMetaFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db

ONE_EACH = Limit(LimitLevel.CUSTOMER, LimitKind.ROLLING_WINDOW, 1, Unit.DAYS, 2)
TWO_IN_ALL = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 2)


@pytest.fixture
def ask(api_origin):
    """Take the short way, with good arguments changed by those given."""
    number = iter(range(100))

    def ask(badge, **given):
        usual = {
            "origin": api_origin,
            "request_id": f"at-once-{next(number)}",
            "customer_id": CUSTOMER,
            "badge_id": badge.pk,
            "owner": LOYALTY,
            "now": NOW,
        }
        return earn_at_once(wish_for_one(**(usual | given)))

    return ask


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


def nothing_more_than(number):
    """Whether no more rows are there than of so many accepted earns."""
    assert EarnedBadge.objects.count() == RequestLog.objects.count() == number
    return True


@EACH_KIND
def test_what_is_returned_is_what_is_written(ask, api_origin, badge):
    enrolment = Enrolment.objects.filter(badge=badge, customer_id=CUSTOMER).first()
    before = RequestLog.objects.count()

    earned = ask(badge, request_id="2132", event_at=NOW - timedelta(hours=1))

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
def test_a_request_id_that_was_used_is_left_alone(ask, badge):
    ask(badge, request_id="2132")
    before = RequestLog.objects.count(), list(EarnTally.objects.values())

    assert ask(badge, request_id="2132", customer_id=CUSTOMER + 1) is None
    assert ask(badge, request_id="2132", now=NOW + timedelta(days=3)) is None

    assert EarnedBadge.objects.count() == 1
    assert (RequestLog.objects.count(), list(EarnTally.objects.values())) == before


@EACH_KIND
def test_a_badge_that_was_changed_is_left_alone(ask, badge):
    ask(badge)
    before = RequestLog.objects.count()
    BadgeMeta.objects.filter(pk=badge.pk).update(version=badge.version + 1)

    assert ask(badge, customer_id=CUSTOMER, now=NOW + timedelta(days=3)) is None
    assert RequestLog.objects.count() == before
    assert EarnedBadge.objects.count() == 1


@EACH_KIND
@pytest.mark.parametrize("change", ["revoked", "rotated", "edited", "its group was changed"])
def test_an_integrator_that_was_changed_is_left_alone(ask, desk_origin, integrator, badge, change):
    group = integrator.access_groups.get()
    about = {"origin": desk_origin, "integrator_id": integrator.pk}
    if change == "revoked":
        revoke_integrator(**about)
    elif change == "rotated":
        rotate_secret(**about, overlap=timedelta(hours=1))
    elif change == "edited":
        fresh = type(integrator).objects.get(pk=integrator.pk)
        update_integrator(origin=desk_origin, integrator=fresh, access_groups=[group])
    else:
        about = {"group_id": group.pk, "name": group.name, "permissions": []}
        update_access_group(origin=desk_origin, **about)
    before = RequestLog.objects.count()

    assert ask(badge) is None
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
def test_what_is_refused_or_rare_is_left_alone(ask, live_badge, given):
    assert ask(live_badge, **given) is None
    assert nothing_more_than(0)


def test_whoever_is_not_enrolled_is_left_alone(ask, enrolled_badge):
    assert ask(enrolled_badge) is None
    assert nothing_more_than(0)


def test_a_customer_at_the_limit_is_left_alone(ask):
    badge = BadgeMetaFactory(claimed=True, limits=[ONE_EACH])
    assert ask(badge)
    assert ask(badge, now=NOW + timedelta(days=1)) is None
    assert ask(badge, customer_id=CUSTOMER + 1)
    assert ask(badge, now=NOW + timedelta(days=2))
    assert nothing_more_than(3)


def test_a_badge_at_its_limit_is_left_alone(ask):
    badge = BadgeMetaFactory(claimed=True, limits=[TWO_IN_ALL])
    assert [bool(ask(badge, customer_id=CUSTOMER + each)) for each in range(3)] == [1, 1, 0]
    assert nothing_more_than(2)


def test_a_token_that_ended_is_left_alone(ask, live_badge, integrator, api_origin):
    from oauth2_provider.models import get_access_token_model

    token = get_access_token_model().objects.create(
        application=integrator, token="t", scope="", expires=timezone.now() + timedelta(minutes=5)
    )
    origin = Origin(channel=api_origin.channel, integrator=integrator, token_id=token.pk)
    assert ask(live_badge, origin=origin)
    token.expires = timezone.now() - timedelta(seconds=1)
    token.save()
    assert ask(live_badge, origin=origin) is None
    token.delete()
    assert ask(live_badge, origin=origin) is None
    assert nothing_more_than(1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("badge", "trips"),
    [({}, 1), ({"enrolled": True}, 2), ({"limits": [ONE_EACH]}, 2), ({"limits": [TWO_IN_ALL]}, 2)],
    ids=["plain", "with enrolment", "with a customer limit", "with a badge limit"],
    indirect=["badge"],
)
def test_an_earn_of_a_known_badge_takes_so_many_round_trips(
    needs_postgresql, ask, badge, trips, tmp_path
):
    assert ask(badge, customer_id=CUSTOMER + 1)

    with (tmp_path / "trace").open("w+") as file:
        pgconn = connection.connection.pgconn
        pgconn.trace(file.fileno())
        assert ask(badge)
        pgconn.untrace()
        file.seek(0)
        senders = [line.split("\t")[1] for line in file if "\t" in line]
    turns = [now for before, now in zip(["B", *senders], senders, strict=False) if now != before]
    assert turns.count("F") == trips
