"""The table of units describes every unit of time completely."""

from datetime import MAXYEAR, UTC, datetime, timedelta

import pytest

from badges.api.serializers.constraints import ROLLS, UNIT_ALIASES, CustomerConstraint
from badges.api.serializers.customer_badge import RollsOutput, UseOutput
from badges.desk.parts.descriptions import window
from badges.models import Expiry, ExpiryKind, Limit, LimitKind, LimitLevel, Unit
from badges.models.units import MAX_PERIOD, UNITS
from badges.models.values import shift

START = datetime(2026, 1, 1, tzinfo=UTC)
ABOUT_A_CENTURY = timedelta(days=89 * 365)
LAST_EVENT = datetime(2999, 12, 31, tzinfo=UTC)


def test_the_table_has_every_unit():
    assert set(UNITS) == set(Unit)


@pytest.mark.parametrize("unit", Unit)
class TestUnit:
    def test_a_unit_has_one_kind_of_length(self, unit):
        assert bool(UNITS[unit].days) != bool(UNITS[unit].months)

    def test_a_unit_shifts_a_date_in_both_directions(self, unit):
        later = shift(START, unit, 3)
        assert later > START
        assert shift(later, unit, -3) == START

    def test_a_unit_differs_from_every_other_unit(self, unit):
        others = [shift(START, other, 1) for other in Unit if other != unit]
        assert shift(START, unit, 1) not in others

    def test_the_longest_window_of_a_unit_is_about_a_century(self, unit):
        assert shift(START, unit, UNITS[unit].max_length) - START > ABOUT_A_CENTURY

    def test_the_longest_relative_expiry_of_a_unit_is_a_date(self, unit):
        assert shift(LAST_EVENT, unit, MAX_PERIOD).year <= MAXYEAR

    def test_a_relative_expiry_of_a_unit_ends_later(self, unit):
        ends = Expiry(ExpiryKind.RELATIVE, unit, 1).ends(base=START, badge_expires_at=START)
        assert ends == shift(START, unit, 1)

    def test_a_fixed_window_has_the_cycle_of_its_unit(self, unit):
        limit = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 1, unit, 1)
        since, until = limit.cycle(START, badge_starts_at=START)
        assert since <= START < until
        assert until == shift(since, unit, 1)

    def test_a_unit_is_described_in_words(self, unit):
        assert "3" in UNITS[unit].period(3)
        for kind in (LimitKind.ROLLING_WINDOW, LimitKind.FIXED_WINDOW):
            assert window(Limit(LimitLevel.CUSTOMER, kind, 1, unit, 1))

    def test_a_unit_has_its_fields_in_the_api(self, unit):
        assert UNIT_ALIASES[UNITS[unit].alias] == unit
        assert set(ROLLS[unit]) <= set(CustomerConstraint().fields)
        assert set(ROLLS[unit]) <= set(RollsOutput().fields)
        assert f"currentEarnCount{unit.title()}" in UseOutput().fields


def test_descriptions_of_units_differ():
    limits = [Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 1, unit, 1) for unit in Unit]
    assert len({window(limit) for limit in limits}) == len(Unit)
    assert len({UNITS[unit].period(2) for unit in Unit}) == len(Unit)
