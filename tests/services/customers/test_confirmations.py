"""The questions of the desk before an earn or an enrolment (CONTRACT.md, 6.2; F2, F18)."""

from datetime import timedelta

import pytest

from badges.models import EarnedBadge, Enrolment, Limit, LimitKind, LimitLevel, RequestLog
from badges.services.customers.confirmations import (
    RECENT,
    Confirmation,
    ConfirmationNeeded,
    questions_about_earn,
)
from badges.services.customers.enrol import enrol_customers
from badges.services.earning.command import single_earn_command
from badges.services.earning.earn import earn_badge, earn_badges
from badges.services.earning.fast_path import try_fast_earn
from tests.conftest import refused
from tests.factories import (
    CUSTOMER,
    NOW,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
)

pytestmark = pytest.mark.django_db

OTHER = CUSTOMER + 1
NOTHING = Confirmation()
NEW = Confirmation(new_customers=frozenset([CUSTOMER]))
ONE_EACH = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)
BOTH_LOCKS = pytest.mark.parametrize(
    "limits", [[], [Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 9)]]
)


@pytest.fixture
def call(desk_origin, live_badge):
    """Return a function that gives the badge at the desk; nothing is confirmed by default."""

    def call(request_id="desk-1", *, service=earn_badge, **given):
        usual = {"origin": desk_origin, "badge_id": live_badge.pk, "now": NOW}
        usual |= {"customer_id": CUSTOMER} if service is earn_badge else {}
        return service(request_id=request_id, **(usual | {"confirmation": NOTHING} | given))

    return call


def is_asked(call, *args, **given):
    """Check that a call is asked, and that it writes nothing at all."""
    models = (EarnedBadge, Enrolment, RequestLog)
    before = [model.objects.count() for model in models]
    with pytest.raises(ConfirmationNeeded):
        call(*args, **given)
    return [model.objects.count() for model in models] == before


def test_a_customer_without_a_record_has_to_be_confirmed(call):
    assert is_asked(call)

    call(confirmation=NEW)

    assert EarnedBadge.objects.get().customer_id == CUSTOMER


def test_a_tick_confirms_no_other_customer(call):
    assert is_asked(call, customer_id=OTHER, confirmation=NEW)


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("fact", [EarnedBadgeFactory, EnrolmentFactory])
def test_a_customer_with_any_fact_is_known(call, fact, revoked):
    fact(customer_id=CUSTOMER, revoked=revoked)

    call()


@pytest.mark.parametrize("ago", [timedelta(0), RECENT - timedelta(seconds=1)])
def test_a_second_badge_within_ten_minutes_has_to_be_confirmed(call, live_badge, ago):
    before = EarnedBadgeFactory(badge=live_badge, earned_at=NOW - ago)

    assert is_asked(call)
    assert is_asked(call, confirmation=Confirmation(recent=frozenset(["f" * 24])))
    call(confirmation=Confirmation(recent=frozenset([before.pk])))

    assert EarnedBadge.objects.count() == 2


def test_only_the_last_badge_of_the_last_ten_minutes_has_to_be_confirmed(call, live_badge):
    first, last = (
        EarnedBadgeFactory(badge=live_badge, earned_at=NOW - timedelta(minutes=minutes))
        for minutes in (5, 3)
    )

    assert is_asked(call, confirmation=Confirmation(recent=frozenset([first.pk])))
    call(confirmation=Confirmation(recent=frozenset([last.pk])))


@pytest.mark.parametrize(
    "before",
    [{"earned_at": NOW - RECENT}, {"revoked": True, "earned_at": NOW}, {"customer_id": OTHER}],
    ids=["ten minutes ago", "revoked", "to another customer"],
)
def test_another_badge_is_no_repetition(call, live_badge, before):
    EarnedBadgeFactory(badge=live_badge, **({"earned_at": NOW} | before))
    EarnedBadgeFactory(customer_id=CUSTOMER, earned_at=NOW)

    call()


def test_a_used_request_id_is_refused_before_a_question(call):
    call(confirmation=NEW)

    with refused(809):
        call()


def test_a_refusal_comes_before_a_question_and_is_recorded(call):
    badge = BadgeMetaFactory(limits=[ONE_EACH])
    EarnedBadgeFactory(badge=badge, earned_at=NOW)

    with refused(2001):
        call(badge_id=badge.pk)

    assert RequestLog.objects.get(request_id="desk-1").code == 2001


def test_a_list_has_to_confirm_all_customers_who_would_receive_the_badge(call, live_badge):
    before = EarnedBadgeFactory(badge=live_badge, customer_id=OTHER, earned_at=NOW)
    of_list = {"service": earn_badges, "customer_ids": [CUSTOMER, OTHER]}

    assert is_asked(call, **of_list)
    assert is_asked(call, **of_list, confirmation=NEW)
    assert is_asked(call, **of_list, confirmation=Confirmation(recent=frozenset([before.pk])))
    both = Confirmation(new_customers=frozenset([CUSTOMER]), recent=frozenset([before.pk]))
    result = call(**of_list, confirmation=both)

    assert len(result.facts) == 2


def test_a_refused_customer_of_a_list_needs_no_confirmation(call, enrolled_badge):
    EnrolmentFactory(badge=enrolled_badge, customer_id=OTHER)

    result = call(service=earn_badges, customer_ids=[CUSTOMER, OTHER], badge_id=enrolled_badge.pk)

    assert [fact.customer_id for fact in result.facts] == [OTHER]


def test_an_enrolment_of_a_customer_without_a_record_has_to_be_confirmed(call, enrolled_badge):
    enrolment = {
        "service": enrol_customers,
        "customer_ids": [CUSTOMER],
        "badge_id": enrolled_badge.pk,
    }

    assert is_asked(call, **enrolment)
    call(**enrolment, confirmation=NEW)

    assert Enrolment.objects.get().customer_id == CUSTOMER


@BOTH_LOCKS
def test_nothing_is_asked_without_a_confirmation(earn_arguments, limits):
    badge = BadgeMetaFactory(claimed=True, limits=limits)

    for number in range(2):
        earn_badge(**earn_arguments(badge, request_id=f"api-{number}"))

    assert EarnedBadge.objects.count() == 2


@BOTH_LOCKS
def test_the_fast_path_declines_every_earn_with_a_confirmation(desk_origin, limits):
    badge = BadgeMetaFactory(limits=limits)
    command = single_earn_command(
        origin=desk_origin,
        request_id="desk-1",
        customer_id=CUSTOMER,
        badge_id=badge.pk,
        confirmation=NEW,
        now=NOW,
    )

    assert try_fast_earn(command) is None
    assert not EarnedBadge.objects.exists()


def test_the_questions_about_many_customers_need_three_queries(
    live_badge, django_assert_num_queries
):
    EarnedBadgeFactory(badge=live_badge, customer_id=OTHER, earned_at=NOW)
    customer_ids = [*range(CUSTOMER, CUSTOMER + 199), 2**63 - 1]

    with django_assert_num_queries(3):
        questions = questions_about_earn(live_badge.pk, customer_ids, NOW)
        assert [fact.request.actor for fact in questions.recent.values()] == ["command line"]

    assert questions.new_customers == frozenset(customer_ids) - {OTHER}
