"""Random calls are compared with a simple model: each result, and the final rows.

The model consists of sets and counts. It shares no code with the rules, the counters or the
statements.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from badges.errors import BadgeError
from badges.models import (
    Channel,
    EarnedBadge,
    EarnTally,
    Enrolment,
    Limit,
    LimitKind,
    LimitLevel,
    RefusedItem,
    RequestLog,
)
from badges.models.values import EVER
from badges.services.catalogue.definitions import (
    claim_badge,
    create_badge,
    switch_badge,
    unclaim_badge,
    update_badge,
)
from badges.services.customers.enrol import enrol_customers
from badges.services.customers.revoke import (
    EnrolmentToRevoke,
    revoke_earned,
    revoke_enrolments,
    revoke_many,
)
from badges.services.earning.earn import earn_badge, earn_badges
from badges.services.request_log import Origin
from tests.factories import LOYALTY, NOW
from tests.services.catalogue.drafts import SPRING

CUSTOMERS = st.integers(1, 4)
LISTS = st.lists(CUSTOMERS, min_size=1, max_size=5)
INDEXES = st.integers(0, 1)  # which of the two badges
REQUESTS = st.integers(0, 60)  # few enough for ids to repeat
LIMITS = st.none() | st.integers(1, 4)
NOWHERE = "0" * 24

runs = count(1)  # each run has its own badges and request ids, so no rows have to be deleted


@dataclass
class Model:
    """The state of one badge. A limit of None means no limit."""

    pk: str
    needs_enrolment: bool
    active: bool = True
    claimed: bool = True
    most_of_one: int | None = None
    most_of_all: int | None = None
    enrolled: set[int] = field(default_factory=set)
    held: dict[str, int] = field(default_factory=dict)  # customers by id of the earned badge
    revoked: dict[str, int] = field(default_factory=dict)

    def refusal_of_call(self) -> int | None:
        if not self.active:
            return 815
        return None if self.claimed else 810

    def refusal_of(self, customer: int) -> int | None:
        if self.needs_enrolment and customer not in self.enrolled:
            return 811
        theirs = Counter(self.held.values())[customer]
        if self.most_of_one is not None and theirs >= self.most_of_one:
            return 2001
        if self.most_of_all is not None and len(self.held) >= self.most_of_all:
            return 2002
        return None


class Desk(RuleBasedStateMachine):
    """Two badges, one of them for enrolled customers, and all operations on them."""

    def __init__(self):
        super().__init__()
        self.run, self.accepted, self.refused_items = next(runs), set(), 0
        self.origin = Origin(channel=Channel.COMMAND)
        self.models = [self._made(needs_enrolment=False), self._made(needs_enrolment=True)]

    def _made(self, *, needs_enrolment: bool) -> Model:
        name = f"Run {self.run}, {'with' if needs_enrolment else 'without'} enrolment"
        badge = create_badge(origin=self.origin, draft=self._draft(name, needs_enrolment), now=NOW)
        claim_badge(origin=self.origin, badge_id=badge.pk, owner=LOYALTY, now=NOW)
        return Model(pk=badge.pk, needs_enrolment=needs_enrolment)

    def _draft(self, name, needs_enrolment, limits=(), **values):
        kinds = {"earn_type": "ISSUE_EARN", "enrolment_expiry_kind": "NEVER"}
        kinds = kinds if needs_enrolment else {"earn_type": "EARN", "enrolment_expiry_kind": ""}
        plain = {"enrolment_expiry_count": None, "enrolment_expiry_unit": ""}
        values = SPRING.values | plain | kinds | {"name": name, "active": True} | values
        return replace(SPRING, values=values, owners=["Loyalty"], limits=limits, images=())

    def _ask(self, number: int | None, service, **call):
        """Return the result of a service and None, or None and the code of its refusal."""
        if number is not None:
            call["request_id"] = f"{self.run}-{number}"
        try:
            given = service(origin=self.origin, now=NOW, **call)
        except BadgeError as refusal:
            return None, refusal.code
        if number is not None:
            self.accepted.add(number)
        return given, None

    def _expected(self, number: int, refusal: int | None) -> int | None:
        """Return the expected code: 809 for a used id takes precedence over other refusals."""
        return 809 if number in self.accepted else refusal

    @rule(place=INDEXES, customer=CUSTOMERS, number=REQUESTS)
    def earn(self, place, customer, number):
        model = self.models[place]
        expected = self._expected(number, model.refusal_of_call() or model.refusal_of(customer))

        given, code = self._ask(
            number, earn_badge, badge_id=model.pk, customer_id=customer, owner=LOYALTY
        )

        assert code == expected
        if given:
            model.held[given.pk] = customer

    @rule(place=INDEXES, customers=LISTS, number=REQUESTS)
    def earn_in_a_list(self, place, customers, number):
        model = self.models[place]
        expected = self._expected(number, model.refusal_of_call())

        given, code = self._ask(
            number, earn_badges, badge_id=model.pk, customer_ids=customers, owner=LOYALTY
        )

        assert code == expected
        if given is None:
            return
        assert [each.customer_id for each in given.outcomes] == list(dict.fromkeys(customers))
        for outcome in given.outcomes:
            assert self._code_of(outcome) == model.refusal_of(outcome.customer_id)
            if outcome.fact:
                model.held[outcome.fact.pk] = outcome.customer_id

    @rule(place=INDEXES, customers=LISTS, number=REQUESTS)
    def enrol(self, place, customers, number):
        model = self.models[place]
        refusal = 815 if not model.active else None if model.needs_enrolment else 400
        expected = self._expected(number, refusal)

        given, code = self._ask(
            number, enrol_customers, badge_id=model.pk, customer_ids=customers, owner=LOYALTY
        )

        assert code == expected
        for outcome in given.outcomes if given else ():
            there = outcome.customer_id in model.enrolled
            assert self._code_of(outcome) == (1040 if there else None)
            model.enrolled.add(outcome.customer_id)

    @rule(customers=LISTS, number=REQUESTS)
    def revoke_enrolments(self, customers, number):
        model = self.models[1]
        expected = self._expected(number, None)
        wanted = [EnrolmentToRevoke(customer) for customer in customers]

        given, code = self._ask(number, revoke_enrolments, badge_id=model.pk, enrolments=wanted)

        assert code == expected
        for outcome in given.outcomes if given else ():
            there = outcome.customer_id in model.enrolled
            assert self._code_of(outcome) == (None if there else 404)
            model.enrolled.discard(outcome.customer_id)

    @rule(place=INDEXES, pick=st.integers(0, 100), customer=CUSTOMERS, number=REQUESTS)
    def revoke(self, place, pick, customer, number):
        model = self.models[place]
        known = {**model.held, **model.revoked}
        pk = sorted(known)[pick % len(known)] if known else NOWHERE
        is_theirs = model.held.get(pk) == customer
        expected = self._expected(number, None if is_theirs else 814)

        given, code = self._ask(
            number, revoke_earned, badge_id=model.pk, customer_id=customer, earned_badge_id=pk
        )

        assert code == expected
        if given:
            model.revoked[pk] = model.held.pop(pk)

    @precondition(lambda self: any(model.held or model.revoked for model in self.models))
    @rule(picks=st.lists(st.integers(0, 100), min_size=1, max_size=6), number=REQUESTS)
    def revoke_a_list(self, picks, number):
        held = {pk: model for model in self.models for pk in model.held}
        known = sorted([*held, *(pk for model in self.models for pk in model.revoked)])
        chosen = list(dict.fromkeys(known[pick % len(known)] for pick in picks))
        is_something = any(pk in held for pk in chosen)
        expected = self._expected(number, None if is_something else 814)

        given, code = self._ask(number, revoke_many, earned_badge_ids=chosen)

        assert code == expected
        if given is None:
            return
        codes = [self._code_of(outcome) for outcome in given.outcomes]
        assert codes == [None if pk in held else 814 for pk in chosen]
        for pk in set(chosen) & set(held):
            held[pk].revoked[pk] = held[pk].held.pop(pk)

    @rule(place=INDEXES, active=st.booleans())
    def switch(self, place, active):
        model = self.models[place]
        _badge, code = self._ask(None, switch_badge, badge_id=model.pk, active=active)
        assert code is None
        model.active = active

    @rule(place=INDEXES)
    def claim_or_unclaim(self, place):
        model = self.models[place]
        service = unclaim_badge if model.claimed else claim_badge
        _claim, code = self._ask(None, service, badge_id=model.pk, owner=LOYALTY)
        assert code == (None if model.active or model.claimed else 815)
        if code is None:
            model.claimed = not model.claimed

    @rule(place=INDEXES, of_one=LIMITS, of_all=LIMITS)
    def edit(self, place, of_one, of_all):
        model = self.models[place]
        limits = [
            Limit(level, LimitKind.FIXED_VALUE, most)
            for level, most in ((LimitLevel.CUSTOMER, of_one), (LimitLevel.BADGE, of_all))
            if most is not None
        ]
        name = f"Run {self.run}, {place}, of {of_one} and {of_all}"
        draft = self._draft(name, model.needs_enrolment, limits, active=model.active)

        _badge, code = self._ask(None, update_badge, badge_id=model.pk, draft=draft)

        assert code is None
        model.most_of_one, model.most_of_all = of_one, of_all

    def _code_of(self, outcome) -> int | None:
        self.refused_items += outcome.refusal is not None
        return outcome.refusal and outcome.refusal.code

    def teardown(self):
        """Compare the final rows with the model."""
        for model in self.models:
            rows = EarnedBadge.objects.filter(badge=model.pk).order_by()
            assert dict(rows.not_revoked().values_list("pk", "customer_id")) == model.held
            gone = rows.filter(revoked_at__isnull=False)
            assert dict(gone.values_list("pk", "customer_id")) == model.revoked
            theirs = Enrolment.objects.not_revoked().filter(badge=model.pk)
            assert sorted(theirs.values_list("customer_id", flat=True)) == sorted(model.enrolled)
            tallies = EarnTally.objects.filter(badge=model.pk, day=EVER)
            if model.most_of_all is not None:
                assert sum(tallies.values_list("in_all", flat=True)) == len(model.held)
        mine = RequestLog.objects.filter(request_id__startswith=f"{self.run}-")
        accepted = mine.accepted().values_list("request_id", flat=True)
        assert sorted(accepted) == sorted(f"{self.run}-{number}" for number in self.accepted)
        items = RefusedItem.objects.filter(request__request_id__startswith=f"{self.run}-")
        assert items.count() == self.refused_items


@pytest.mark.django_db(transaction=True)
def test_random_calls_match_the_model():
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
