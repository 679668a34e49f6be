"""A preview returns the result of an earn, but writes nothing."""

from datetime import timedelta

import pytest

from badges.errors import BadgeError
from badges.models import (
    BadgeMeta,
    EarnedBadge,
    Enrolment,
    Limit,
    LimitKind,
    LimitLevel,
    Owner,
    RequestLog,
    Unit,
)
from badges.services.earning.earn import earn_badge
from badges.services.earning.preview import preview_earn
from tests.factories import (
    CUSTOMER,
    NOW,
    BadgeMetaFactory,
    EnrolmentFactory,
    badge_arguments,
)

pytestmark = pytest.mark.django_db

SITUATIONS = [
    pytest.param({}, {}, id="plain"),
    pytest.param({"inactive": True}, {}, id="inactive"),
    pytest.param({"upcoming": True}, {}, id="upcoming"),
    pytest.param({"expired": True}, {}, id="over"),
    pytest.param({"enrolled": True}, {}, id="not enrolled"),
    pytest.param({}, {"event_at": NOW + timedelta(days=2)}, id="too far ahead"),
    pytest.param({}, {"owner": Owner("Journeys", "1")}, id="not claimed"),
    pytest.param({}, {"owner": None}, id="no owner"),
    pytest.param({}, {"badge_id": "0" * 24}, id="unknown"),
    pytest.param({}, {"badge_id": None}, id="found by its claim"),
]


@pytest.mark.parametrize("origin", ["api_origin", "desk_origin"])
@pytest.mark.parametrize(("badge", "call"), SITUATIONS)
def test_a_preview_agrees_with_the_earn_and_writes_nothing(request, origin, badge, call):
    badge = BadgeMetaFactory(claimed=True, **badge)
    call = badge_arguments(badge, request.getfixturevalue(origin)) | call

    foreseen = preview_earn(customer_ids=[CUSTOMER], **call).outcome

    assert not RequestLog.objects.exists()
    assert not EarnedBadge.objects.exists()
    fact, refusal = attempted(customer_id=CUSTOMER, **call)
    assert (foreseen.refusal and foreseen.refusal.code) == (refusal and refusal.code)
    assert summary(foreseen.fact) == summary(fact)


def attempted(**call):
    """Earn. Return the fact and None, or None and the refusal."""
    try:
        return EarnedBadge.objects.get(pk=earn_badge(request_id="2132", **call).pk), None
    except BadgeError as refusal:
        return None, refusal


def summary(fact):
    return fact and (fact.badge_id, fact.customer_id, fact.event_at, fact.expires_at)


def test_a_preview_has_the_usage_of_each_limit(earn, api_origin):
    total = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 2)
    weekly = Limit(LimitLevel.BADGE, LimitKind.ROLLING_WINDOW, 9, Unit.WEEKS, 1)
    badge = BadgeMetaFactory(claimed=True, limits=[total, weekly])
    call = badge_arguments(badge, api_origin)
    earn(badge)
    earn(badge, customer_id=CUSTOMER + 1)

    preview = preview_earn(customer_ids=[CUSTOMER], **call)
    assert (preview.used[total], preview.used[weekly]) == (1, 2)
    assert preview.badge.id == badge.pk

    earn(badge)
    assert preview_earn(customer_ids=[CUSTOMER], **call).outcome.refusal.code == 2001


def test_a_preview_has_the_enrolment(enrolled_badge, api_origin):
    enrolment = EnrolmentFactory(badge=enrolled_badge)
    call = badge_arguments(enrolled_badge, api_origin)
    preview = preview_earn(customer_ids=[CUSTOMER], **call)
    assert preview.outcome.fact.enrolment == enrolment
    assert Enrolment.objects.count() == 1


def test_a_preview_uses_the_current_definition(earn, live_badge, api_origin):
    earn(live_badge)
    BadgeMeta.objects.filter(pk=live_badge.pk).update(version=2, active=False)
    call = badge_arguments(live_badge, api_origin)
    preview = preview_earn(customer_ids=[CUSTOMER], **call)
    assert preview.outcome.refusal.code == 815
