"""Reasons for issuing: their list, and the reason that each request states."""

from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from badges.models import (
    EarnedBadge,
    IssueReason,
    Operation,
    ReasonCount,
    RequestLog,
    RequestOutcome,
    StatedReason,
)
from badges.services.catalogue.reasons import create_reason, update_reason
from badges.services.earning.earn import earn_badge, earn_badges
from badges.services.record import summaries
from badges.services.record.erasure import erase_customer, pseudonym_of
from badges.services.record.seals import seal_all
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import CUSTOMER, NOW
from tests.record import faults

pytestmark = pytest.mark.django_db


@pytest.fixture
def goodwill(desk_origin):
    return create_reason(origin=desk_origin, name="Kindness", rank=5)


@pytest.fixture
def stated(desk_origin, goodwill):
    """Return the origin of a request that states a reason and a case number."""
    return replace(desk_origin, because=goodwill.pk, case_number="CASE-7")


@pytest.fixture
def issue(live_badge, stated):
    """Return a function that issues the live badge for the stated reason."""

    def ask(**given):
        call = {"origin": stated, "request_id": "issue", "badge_id": live_badge.pk, "now": NOW}
        if "customer_ids" in given:
            return earn_badges(**call | given)
        return earn_badge(**{"customer_id": CUSTOMER} | call | given)

    return ask


def only_stated():
    return StatedReason.objects.values_list(
        "request__outcome", "customer_id", "words", "case_number"
    ).get()


def test_the_migration_adds_the_first_reasons():
    IssueReason.objects.all().delete()
    migration = import_module("badges.migrations.0032_add_reasons_for_issuing")

    migration.add_first_reasons(apps, SimpleNamespace(connection=connection))

    assert list(IssueReason.objects.filter(active=True).values_list("name", flat=True)) == [
        *("Purchase not tracked", "Goodwill", "Technical fault", "Other")
    ]


def test_an_issue_records_its_reason_and_case_number(issue, goodwill):
    issue()

    assert only_stated() == (RequestOutcome.ACCEPTED, CUSTOMER, "Kindness", "CASE-7")
    assert StatedReason.objects.get().reason == goodwill


def test_a_list_records_its_reason_once(issue):
    issue(customer_ids=[1, 2, 3])

    assert only_stated() == (RequestOutcome.ACCEPTED, None, "Kindness", "CASE-7")


def test_a_refused_issue_records_its_reason(issue):
    with refused(404):
        issue(badge_id="0" * 24)

    assert only_stated() == (RequestOutcome.REFUSED, CUSTOMER, "Kindness", "CASE-7")


def test_a_case_number_needs_no_reason(issue, desk_origin):
    issue(origin=replace(desk_origin, case_number="CASE-8"))

    assert only_stated() == (RequestOutcome.ACCEPTED, CUSTOMER, "", "CASE-8")


def test_an_issue_without_a_reason_records_none(issue, desk_origin):
    issue(origin=desk_origin)

    assert not StatedReason.objects.exists()


@pytest.mark.parametrize("because", ["disabled", "0" * 24])
def test_a_reason_that_is_not_in_the_list_is_refused(issue, goodwill, stated, because):
    update_reason(origin=stated, reason_id=goodwill.pk, active=False)

    with refused(400):
        issue(origin=replace(stated, because=goodwill.pk if because == "disabled" else because))

    assert not EarnedBadge.objects.exists()


def test_a_renamed_reason_does_not_change_the_record(issue, goodwill, desk_origin):
    issue()
    update_reason(origin=desk_origin, reason_id=goodwill.pk, name="Goodwill gesture")

    assert StatedReason.objects.get().words == "Kindness"
    assert RequestLog.objects.latest("pk").operation == Operation.UPDATE_REASON


@pytest.mark.parametrize("name", ["Kindness", " Kindness ", " "])
def test_a_name_that_is_used_or_empty_is_refused(desk_origin, goodwill, name):
    with refused(400):
        create_reason(origin=desk_origin, name=name, rank=1)

    assert RequestLog.objects.latest("pk").outcome == RequestOutcome.REFUSED


def test_a_stated_reason_is_append_only(issue):
    issue()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        StatedReason.objects.update(case_number="CASE-9")


def test_badges_are_counted_by_reason_and_day(issue, goodwill):
    issue()
    issue(customer_ids=[1, 2, 3], request_id="list")
    with refused(404):
        issue(badge_id="0" * 24, request_id="refused")

    summaries.catch_up()

    counted = ReasonCount.objects.values_list("day", "reason", "issued")
    assert list(counted) == [(NOW.date(), goodwill.pk, 4)]
    summaries.rebuild()
    assert list(counted.all()) == [(NOW.date(), goodwill.pk, 4)]


def test_a_changed_stated_reason_is_found_by_the_verification(audit_files, issue, as_owner):
    issue()
    seal_all()
    assert faults() == []

    with as_owner():
        StatedReason.objects.update(words="Other")

    assert [problem.kind for problem in faults()] == ["stated_reason"]


def test_an_erasure_removes_the_case_number_and_keeps_the_reason(audit_files, issue):
    issue()
    seal_all()

    erase_customer(origin=Origin(channel="COMMAND"), customer_id=CUSTOMER)

    assert only_stated() == ("ACCEPTED", pseudonym_of(CUSTOMER), "Kindness", "")
    seal_all()
    assert faults() == []


def test_an_erasure_reports_a_case_number_of_a_list_that_names_the_customer(
    audit_files, issue, stated
):
    issue(customer_ids=[CUSTOMER, 2], origin=replace(stated, case_number="C-1001"))

    erased = erase_customer(origin=Origin(channel="COMMAND"), customer_id=CUSTOMER)

    assert erased.leftovers == {"badges_statedreason.case_number": [StatedReason.objects.get().pk]}
