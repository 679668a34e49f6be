"""Every column of an earn is written on every path, and a column that one of them lacks fails."""

import pytest
from django.db import connection

from badges.models import EarnedBadge, RequestLog
from badges.services.earning import bulk_insert, columns, inserts
from badges.services.earning.command import EarnCommand, Earned, single_earn_command
from badges.services.earning.earn import earn_badges
from badges.services.earning.fast_path import try_fast_earn
from badges.services.earning.slow_path import earn_on_slow_path
from badges.services.request_log import Origin
from tests.factories import CUSTOMER, LOYALTY, NOW, EnrolmentFactory

REVOCATION = {"revoked_at", "revocation_id"}
# Types whose values need no quotes in an array literal.
UNQUOTED = {"bpchar", "bigint", "integer", "timestamp with time zone"}


def test_the_row_of_an_earn_has_every_column_of_an_earned_badge():
    fields = set(Earned.__struct_fields__) - {"badge_version", "enrolment"}
    assert fields == {field.column for field in EarnedBadge._meta.concrete_fields} - REVOCATION


def test_the_statements_write_every_column():
    requests = {field.column for field in RequestLog._meta.concrete_fields} - {"id", "code"}
    assert set(inserts.REQUEST_VALUES) == requests
    assert set(inserts.EARNED_VALUES) == set(columns.EARNED)
    assert {*bulk_insert.OWN, *bulk_insert.SHARED} == set(columns.EARNED)


@pytest.mark.parametrize(
    ("source", "names"), [(EarnCommand, inserts.OF_COMMAND), (Origin, inserts.OF_ORIGIN)]
)
def test_a_value_of_the_request_log_has_its_source(source, names):
    assert [name for name in names if not hasattr(source, name)] == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the types are PostgreSQL's")
def test_the_arrays_of_a_list_need_no_quotes():
    assert set(bulk_insert.OWN.values()) <= UNQUOTED


def test_a_type_has_no_length():
    """A cast to a type with a length would cut a text."""
    assert columns.EARNED["owner_type"] == "varchar"


@pytest.mark.django_db
class TestTheSameRows:
    """An earn with every optional input, on each path."""

    @pytest.fixture
    def origin(self, api_origin):
        return Origin(
            channel=api_origin.channel,
            integrator=api_origin.integrator,
            content="{}",
            reason="because",
        )

    @pytest.fixture
    def call(self, origin, enrolled_badge):
        EnrolmentFactory(badge=enrolled_badge, customer_id=CUSTOMER)
        return {"origin": origin, "badge_id": enrolled_badge.pk, "owner": LOYALTY, "now": NOW}

    def test_on_the_fast_and_the_slow_path(self, call):
        for request_id, earn in (("fast", try_fast_earn), ("slow", earn_on_slow_path)):
            command = single_earn_command(request_id=request_id, customer_id=CUSTOMER, **call)
            assert earn(command)

        fast, slow = EarnedBadge.objects.order_by("request_id").values()
        assert differences(fast, slow) == {"id", "request_id"}
        requests = RequestLog.objects.filter(request_id__in=["fast", "slow"]).order_by("pk")
        assert differences(*requests.values()) == {"id", "request_id", "recorded_at"}

    def test_of_a_list(self, call):
        command = single_earn_command(request_id="fast", customer_id=CUSTOMER, **call)
        assert try_fast_earn(command)
        earn_badges(request_id="list", customer_ids=[CUSTOMER], **call)

        alone, listed = EarnedBadge.objects.order_by("request_id").values()
        assert differences(alone, listed) == {"id", "request_id"}


def differences(one, other):
    return {name for name in one if one[name] != other[name]}
