"""Saved filters: unique names per user, visible to their owner only, with log rows."""

import pytest

from badges.models import Channel, Operation, RequestLog, SavedFilter
from badges.services.record.filters import (
    MAX_FILTERS,
    delete_filter,
    save_filter,
    share_filter,
)
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def origin(auditor):
    return Origin(channel=Channel.MEMBERCARE, user=auditor)


def save(origin, **changes):
    kept = {"ledger": "requests", "name": "Refused", "query": "outcome=REFUSED"}
    return save_filter(origin=origin, **kept | changes)


def test_saving_a_filter_is_recorded(origin, auditor):
    save(origin, name=" Refused ")

    kept = SavedFilter.objects.get()
    assert (kept.user, kept.ledger, kept.name) == (auditor, "requests", "Refused")
    assert kept.query == "outcome=REFUSED"
    request = RequestLog.objects.get()
    assert (request.operation, request.user, request.outcome) == (
        Operation.SAVE_FILTER,
        auditor,
        "ACCEPTED",
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 725),
        ({"ledger": "issued"}, 725),
        ({"name": ""}, 400),
        ({"name": "  "}, 400),
        ({"name": "x" * 101}, 400),
        ({"name": "Other", "query": ""}, 400),
        ({"name": "Other", "query": "x" * 2001}, 400),
    ],
)
def test_an_invalid_saved_filter_is_refused_and_recorded(origin, changes, code):
    kept = save(origin)

    with refused(code):
        save(origin, **changes)

    assert SavedFilter.objects.get() == kept
    assert RequestLog.objects.refused().get().code == code


def test_two_users_may_use_one_name_for_saved_filters(origin):
    save(origin)
    save(Origin(channel=Channel.MEMBERCARE, user=UserFactory()))

    assert SavedFilter.objects.filter(name="Refused").count() == 2


def test_saved_filters_have_a_maximum_number_per_page(origin, auditor):
    SavedFilter.objects.bulk_create(
        SavedFilter(user=auditor, ledger="issued", name=str(number), query="x=1")
        for number in range(MAX_FILTERS)
    )

    with refused(2003):
        save(origin)

    assert SavedFilter.objects.count() == MAX_FILTERS


def test_deleting_a_saved_filter_is_recorded(origin):
    kept = save(origin)

    delete_filter(origin=origin, filter_id=kept.pk)

    assert not SavedFilter.objects.exists()
    assert RequestLog.objects.first().operation == Operation.DELETE_FILTER


@pytest.mark.parametrize("is_there", [True, False])
def test_a_saved_filter_of_another_user_is_not_deleted(origin, is_there):
    kept = save(origin)
    other = Origin(channel=Channel.MEMBERCARE, user=UserFactory())

    with refused(404):
        delete_filter(origin=other, filter_id=kept.pk if is_there else 0)

    assert SavedFilter.objects.get() == kept
    assert RequestLog.objects.refused().get().operation == Operation.DELETE_FILTER


def test_a_saved_filter_is_shared_and_private_again(origin):
    kept = save(origin)

    for shared in (True, False):
        share_filter(origin=origin, filter_id=kept.pk, shared=shared)
        kept.refresh_from_db()
        assert kept.shared is shared
        assert RequestLog.objects.first().operation == Operation.SAVE_FILTER


def test_a_filter_can_be_saved_as_shared(origin):
    assert save(origin, shared=True).shared
    assert not save(origin, name="Mine").shared


def test_only_the_owner_shares_a_saved_filter(origin):
    kept = save(origin)
    other = Origin(channel=Channel.MEMBERCARE, user=UserFactory(role="Supervisor"))

    with refused(404):
        share_filter(origin=other, filter_id=kept.pk, shared=True)

    kept.refresh_from_db()
    assert not kept.shared


@pytest.mark.parametrize(
    ("role", "shared", "is_deleted"),
    [("Supervisor", True, True), ("Supervisor", False, False), ("MemberCare", True, False)],
)
def test_a_supervisor_deletes_the_shared_filters_of_others(origin, role, shared, is_deleted):
    kept = save(origin, shared=shared)
    other = Origin(channel=Channel.MEMBERCARE, user=UserFactory(role=role))

    if is_deleted:
        delete_filter(origin=other, filter_id=kept.pk)
    else:
        with refused(404):
            delete_filter(origin=other, filter_id=kept.pk)

    assert SavedFilter.objects.exists() is not is_deleted
