"""The questions of the desk before an issue or an enrolment, and their ticks (F2, F18, F19)."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from badges.models import EarnedBadge, Enrolment, RequestLog
from tests.desk.conftest import ISSUE, PREVIEW
from tests.factories import (
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
UNKNOWN = "No record of customer 17030 yet: check the number."


@pytest.fixture
def unconfirmed(filled):
    """Return a function that returns the fields of a form without ticks."""
    return lambda **changes: filled(**({"new_customers": "", "recent": ""} | changes))


def issued_by(user, badge, customer_id=1001, **ago):
    """Write a badge that a user issued some time ago."""
    request = RequestLogFactory(user=user, badge=badge, customer_id=customer_id)
    return EarnedBadgeFactory(
        badge=badge,
        customer_id=customer_id,
        request=request,
        earned_at=timezone.now() - timedelta(**ago),
    )


def ticks(response):
    """Return the questions of the panel: the field and the value of each tick, and its state."""
    questions = response.context["verdict"].questions
    return {each.name: (each.value, each.is_ticked) for each in questions}


def test_an_unknown_customer_is_asked_about_before_the_click(desk, unconfirmed):
    panel = desk.post(PREVIEW, unconfirmed(customer_id="17030"), headers=HTMX)

    assert panel.context["verdict"].state == "ask"
    assert UNKNOWN in panel.text
    assert "desk-verdict--ask" in panel.text
    assert ticks(panel) == {"new_customers": ("17030", False)}


def test_an_unknown_customer_is_issued_nothing_without_the_tick(desk, unconfirmed):
    fields = unconfirmed(customer_id="17030")

    page = desk.post(ISSUE, fields)

    assert UNKNOWN in page.text
    assert not EarnedBadge.objects.exists()
    assert not RequestLog.objects.exists()
    assert page.context["form"].id_to_send == fields["request_id"]

    desk.post(ISSUE, fields | {"new_customers": "17030"})

    assert EarnedBadge.objects.get().customer_id == 17030
    assert json.loads(RequestLog.objects.get().content)["new_customers"] == "17030"


def test_the_tick_of_another_number_does_not_count(desk, unconfirmed):
    fields = unconfirmed(customer_id="17031", new_customers="17030")

    assert ticks(desk.post(PREVIEW, fields, headers=HTMX)) == {"new_customers": ("17031", False)}
    assert "customer 17031 yet" in desk.post(ISSUE, fields).text
    assert not EarnedBadge.objects.exists()


def test_a_tick_stays_when_the_form_is_checked_again(desk, unconfirmed):
    fields = unconfirmed(customer_id="17030", new_customers="17030", event_at="2026-03-01T10:30")

    panel = desk.post(PREVIEW, fields, headers=HTMX)

    assert panel.context["verdict"].state == "open"
    assert ticks(panel) == {"new_customers": ("17030", True)}


def test_a_known_customer_is_not_asked_about(desk, unconfirmed, live_badge):
    EarnedBadgeFactory(customer_id=1001, revoked=True)

    assert ticks(desk.post(PREVIEW, unconfirmed(), headers=HTMX)) == {}
    desk.post(ISSUE, unconfirmed())

    assert EarnedBadge.objects.filter(badge=live_badge).count() == 1


def test_a_refused_issue_to_an_unknown_customer_has_a_remark_without_a_tick(desk, unconfirmed):
    badge = BadgeMetaFactory(enrolled=True)

    panel = desk.post(PREVIEW, unconfirmed(customer_id="17030", badge_id=badge.pk), headers=HTMX)

    assert "Code 811" in panel.text
    assert UNKNOWN in panel.text
    assert "checkbox" not in panel.text


@pytest.mark.parametrize("ticked", ["nonsense", "0", "f" * 24])
@pytest.mark.parametrize("name", ["new_customers", "recent"])
def test_an_invalid_tick_issues_nothing(desk, unconfirmed, name, ticked):
    response = desk.post(ISSUE, unconfirmed(**{name: ticked}))

    assert response.status_code == 200
    assert not EarnedBadge.objects.exists()


def test_a_repetition_from_another_form_is_asked_about(desk, filled, unconfirmed):
    desk.post(ISSUE, filled())
    first = EarnedBadge.objects.get()

    page = desk.post(ISSUE, unconfirmed())

    assert "You issued this badge to customer 1001 less than a minute ago." in page.text
    assert ticks(page) == {"recent": (first.pk, False)}
    assert EarnedBadge.objects.count() == RequestLog.objects.count() == 1

    desk.post(ISSUE, unconfirmed(recent=first.pk))

    assert EarnedBadge.objects.count() == 2


def test_a_repetition_of_a_colleague_names_the_colleague(desk, unconfirmed, live_badge):
    issued_by(UserFactory(username="petra"), live_badge, minutes=3)

    panel = desk.post(PREVIEW, unconfirmed(), headers=HTMX)

    assert "petra issued this badge to customer 1001 3 minutes ago." in panel.text


def test_an_issue_since_the_tick_is_asked_about_again(desk, unconfirmed, live_badge):
    seen = issued_by(UserFactory(), live_badge, minutes=3)
    since = issued_by(UserFactory(), live_badge, minutes=1)

    page = desk.post(ISSUE, unconfirmed(recent=seen.pk))

    assert ticks(page) == {"recent": (since.pk, False)}
    assert EarnedBadge.objects.count() == 2


@pytest.mark.parametrize("before", [{"minutes": 11}, {"days": 1}])
def test_an_older_issue_is_no_repetition(desk, unconfirmed, live_badge, before):
    issued_by(UserFactory(), live_badge, **before)

    desk.post(ISSUE, unconfirmed())

    assert EarnedBadge.objects.count() == 2


def test_a_second_submission_of_a_form_opens_its_receipt_and_asks_nothing(desk, filled):
    fields = filled()
    first = desk.post(ISSUE, fields)

    second = desk.post(ISSUE, fields | {"new_customers": ""})

    assert second["Location"] == first["Location"]
    assert EarnedBadge.objects.count() == 1


def test_a_list_shows_new_recent_and_repeated_numbers_first(desk, unconfirmed, live_badge):
    for customer_id in (1, 2, 4, 5):
        EarnedBadgeFactory(customer_id=customer_id)
    recent = issued_by(UserFactory(username="petra"), live_badge, 4, minutes=3)

    panel = desk.post(PREVIEW, unconfirmed(customer_id="1 2 3 4 5 5 5 6"), headers=HTMX)

    rows = panel.context["verdict"].rows
    assert [row.customer_id for row in rows] == [3, 6, 4, 5, 1, 2]
    assert [row.label for row in rows] == ["To confirm"] * 3 + ["Can be issued"] * 3
    assert [list(row.remarks) for row in rows[2:]] == [
        ["petra issued this badge to customer 4 3 minutes ago."],
        ["Named 3 times, counted once."],
        [],
        [],
    ]
    assert ticks(panel) == {"new_customers": ("3 6", False), "recent": (recent.pk, False)}
    assert "No record of 2 of these customers yet: check the numbers." in panel.text
    assert "6 can be issued" in panel.text


def test_a_list_is_issued_once_every_question_is_answered(desk, unconfirmed, live_badge):
    recent = issued_by(UserFactory(), live_badge, 4, minutes=3)
    fields = unconfirmed(customer_id="3 4")

    assert desk.post(ISSUE, fields).status_code == 200
    assert desk.post(ISSUE, fields | {"new_customers": "3"}).status_code == 200
    assert RequestLog.objects.count() == 1

    response = desk.post(ISSUE, fields | {"new_customers": "3", "recent": recent.pk})

    assert response.status_code == 302
    assert EarnedBadge.objects.count() == 3


def test_an_unknown_customer_is_not_enrolled_without_the_tick(desk, enrolled_badge, unconfirmed):
    page = f"/desk/customers/17030/badges/{enrolled_badge.pk}/enrol/"
    sent = unconfirmed()
    fields = {name: sent[name] for name in ("event_at", "reason", "request_id")}

    assert UNKNOWN in desk.get(page).text
    assert UNKNOWN in desk.post(f"{page}preview/", fields, headers=HTMX).text
    response = desk.post(page, fields)

    assert response.context["verdict"].state == "ask"
    assert not Enrolment.objects.exists()
    assert not RequestLog.objects.exists()

    desk.post(page, fields | {"new_customers": "17030"})

    assert Enrolment.objects.get().customer_id == 17030


def test_a_refused_enrolment_of_a_known_customer_has_no_question(desk, enrolled_badge):
    EnrolmentFactory(badge=enrolled_badge, customer_id=1001)

    page = desk.get(f"/desk/customers/1001/badges/{enrolled_badge.pk}/enrol/")

    assert (page.context["verdict"].questions, list(page.context["verdict"].remarks)) == ((), [])
