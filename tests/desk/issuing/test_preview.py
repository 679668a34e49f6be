"""The preview of an issue: its texts, which agree with the later result, and its queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges.models import EarnedBadge, Enrolment, Limit, LimitKind, LimitLevel, RequestLog, Unit
from tests.desk.conftest import ISSUE, PREVIEW
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
EACH_KIND = [
    Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 3),
    Limit(LimitLevel.CUSTOMER, LimitKind.ROLLING_WINDOW, 2, Unit.DAYS, 30),
    Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 2, Unit.WEEKS, 1, 6),
    Limit(LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 50, Unit.MONTHS, 1),
    Limit(LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 9, Unit.DAYS, 1),
]


def test_a_preview_shows_the_end_of_the_badge(desk, filled):
    page = desk.post(PREVIEW, filled(), headers=HTMX).content.decode()

    assert "Can be issued" in page
    assert "never expires" in page
    assert "<html" not in page


def test_a_preview_shows_the_remaining_uses_of_limits(desk, filled):
    badge = BadgeMetaFactory(limits=EACH_KIND)
    EarnedBadgeFactory(badge=badge, customer_id=1001)

    page = desk.post(PREVIEW, filled(badge_id=badge.pk), headers=HTMX).content.decode()

    for words in (
        "Each customer, over the life of the badge",
        "Each customer, in the last 30 days",
        "Each customer, per week (Sunday to Saturday)",
        "All customers, total, per calendar month",
        "All customers, total, per day",
        "2 of 3 left",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("badge", "code"),
    [
        ({"inactive": True}, 815),
        ({"expired": True}, 816),
        ({"enrolled": True}, 811),
        ({"limits": [Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)]}, 2001),
    ],
)
def test_a_preview_agrees_with_the_submission_and_writes_nothing(desk, filled, badge, code):
    badge = BadgeMetaFactory(**badge)
    EarnedBadgeFactory(badge=badge, customer_id=1001)
    before = [model.objects.count() for model in (EarnedBadge, RequestLog, Enrolment)]
    fields = filled(badge_id=badge.pk)

    page = desk.post(PREVIEW, fields, headers=HTMX).content.decode()

    assert f"Code {code}" in page
    assert [model.objects.count() for model in (EarnedBadge, RequestLog, Enrolment)] == before
    assert f"Code {code}" in desk.post(ISSUE, fields).content.decode()


@pytest.mark.parametrize("event_at", ["1900-01-01T00:00", "9999-12-31T23:59"])
@pytest.mark.parametrize("kind", [{}, {"enrolled": True}])
@pytest.mark.parametrize("address", [PREVIEW, ISSUE])
def test_an_event_date_out_of_range_is_refused_with_a_message(
    desk, filled, event_at, kind, address
):
    badge = BadgeMetaFactory(limits=EACH_KIND, **kind)

    page = desk.post(address, filled(badge_id=badge.pk, event_at=event_at)).content.decode()

    assert "Cannot be issued" in page
    assert not EarnedBadge.objects.exists()


def test_a_preview_writes_nothing(desk, filled):
    badge = BadgeMetaFactory(limits=EACH_KIND)
    fields = filled(badge_id=badge.pk)

    with CaptureQueriesContext(connection) as queries:
        desk.post(PREVIEW, fields, headers=HTMX)

    statements = [query["sql"] for query in queries.captured_queries]
    # The PostgreSQL backend encloses a union in brackets.
    assert [each for each in statements if not each.lstrip("(").startswith("SELECT")] == []
    assert not any(" FOR " in statement for statement in statements)


def test_a_preview_shows_the_covering_enrolment(desk, filled, enrolled_badge):
    EnrolmentFactory(badge=enrolled_badge, customer_id=1001)

    page = desk.post(PREVIEW, filled(badge_id=enrolled_badge.pk), headers=HTMX).content.decode()

    assert "Enrolled until" in page


def test_a_preview_shows_a_badge_that_the_customer_has(desk, filled):
    fields = filled()
    desk.post(ISSUE, fields)

    page = desk.post(PREVIEW, fields, headers=HTMX).content.decode()

    assert "already has this badge, issued on" in page
    assert "Can be issued" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"customer_id": "", "badge_id": ""}, "Nothing to check yet"),
        ({"customer_id": "abc"}, "has digits only"),
        ({"customer_id": "9" * 20}, "No customer can have this id. Check the digits."),  # F44
        ({"event_at": "soon"}, "Enter a valid date"),
        ({"badge_id": "f" * 24}, "There is no such badge."),
    ],
)
def test_a_preview_of_an_invalid_form_shows_errors(desk, filled, changes, words):
    assert words in desk.post(PREVIEW, filled(**changes), headers=HTMX).content.decode()


def test_without_scripts_a_preview_is_a_complete_page(desk, filled):
    page = desk.post(PREVIEW, filled()).content.decode()

    assert "<html" in page
    assert "Can be issued" in page
    assert ">\n1001</textarea>" in page


def test_a_preview_after_the_session_keeps_the_page(client, filled):
    response = client.post(PREVIEW, filled(), headers=HTMX)

    assert response.status_code == 401
