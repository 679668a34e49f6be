"""Sign-in and sign-out: rows in the request log, which no counter includes."""

import json

import pytest
from django.contrib.auth.models import User

from badges.models import Channel, DailyCount, Operation, RequestLog, RequestOutcome
from badges.services.access.sign_in import refuse_integrator, refuse_sign_in, sign_in
from badges.services.receipts import OWN_RECEIPT_GRACE, record_receipt_read
from badges.services.record import summaries
from badges.services.request_log import Origin
from tests.factories import CUSTOMER, NOW, BadgeMetaFactory, RequestLogFactory

pytestmark = pytest.mark.django_db

HERE = "192.0.2.1"


def the_row():
    return RequestLog.objects.get()


def test_a_sign_in_is_recorded_with_the_address(desk_origin):
    with sign_in(origin=desk_origin, address=HERE):
        pass
    assert (the_row().operation, the_row().user) == (Operation.SIGN_IN, desk_origin.user)
    assert json.loads(the_row().content) == {"address": HERE}


def test_a_failing_sign_in_is_rolled_back(desk_origin, member_care):
    def let_in():
        with sign_in(origin=desk_origin, address=HERE):
            User.objects.filter(pk=member_care.pk).update(last_login=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        let_in()
    member_care.refresh_from_db()
    assert member_care.last_login is None
    assert not RequestLog.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("maria", "maria"), ("my password", None), ("Maria", None), ("", None), ("\0", None)],
)
def test_a_typed_name_is_recorded_only_if_it_exists(member_care, typed, kept):
    refuse_sign_in(username=typed, address=HERE, message="Wrong.")

    row = the_row()
    assert (row.operation, row.outcome, row.code) == (
        Operation.SIGN_IN,
        RequestOutcome.REFUSED,
        401,
    )
    assert (row.user, row.channel) == (None, Channel.MEMBERCARE)
    assert json.loads(row.content) == {"username": kept, "address": HERE}


def test_sign_ins_are_not_counted(desk_origin, integrator):
    with sign_in(origin=desk_origin, address=HERE):
        pass
    refuse_sign_in(username="maria", address=HERE, message="Wrong.")
    refuse_integrator(
        Operation.ISSUE_TOKEN, client_id=integrator.client_id, address=HERE, message="Wrong."
    )
    record_receipt_read(origin=desk_origin, receipt=RequestLogFactory())

    assert summaries.catch_up_all() == 5
    assert [count.operation for count in DailyCount.objects.of_badge()] == [Operation.EARN]


class TestReceipt:
    def look(self, origin, receipt, after=OWN_RECEIPT_GRACE):
        record_receipt_read(origin=origin, receipt=receipt, now=receipt.received_at + after)
        return RequestLog.objects.filter(operation=Operation.READ_RECEIPT).first()

    def test_a_receipt_of_another_user_is_a_look_up(self, desk_origin, supervisor):
        receipt = RequestLogFactory(user=supervisor, badge=BadgeMetaFactory(), customer_id=CUSTOMER)
        row = self.look(desk_origin, receipt, after=OWN_RECEIPT_GRACE / 2)
        assert (row.user, row.channel) == (desk_origin.user, Channel.MEMBERCARE)
        assert (row.badge, row.customer_id) == (receipt.badge, CUSTOMER)
        assert json.loads(row.content) == {
            "request": receipt.pk,
            "request_id": receipt.request_id,
        }

    def test_a_recent_own_receipt_is_no_look_up(self, desk_origin):
        receipt = RequestLogFactory(user=desk_origin.user)
        assert self.look(desk_origin, receipt, after=OWN_RECEIPT_GRACE / 2) is None

    def test_an_old_own_receipt_is_a_look_up(self, desk_origin):
        receipt = RequestLogFactory(user=desk_origin.user)
        assert self.look(desk_origin, receipt).user == desk_origin.user

    def test_a_receipt_without_an_actor_is_a_look_up(self, desk_origin):
        assert self.look(desk_origin, RequestLogFactory(), after=OWN_RECEIPT_GRACE / 2)

    def test_a_receipt_does_not_use_a_request_id(self, desk_origin):
        assert self.look(desk_origin, RequestLogFactory()).request_id is None


def test_commands_look_up_receipts(db):
    receipt = RequestLogFactory()
    assert record_receipt_read(origin=Origin(channel=Channel.COMMAND), receipt=receipt, now=NOW)
