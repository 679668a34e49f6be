"""A badge that is refused for the current date alone is offered for another date (F11)."""

from datetime import date

import pytest
from django.utils import timezone

from badges.desk.issuing.verdicts import LimitUse
from badges.models import EarnedBadge, Limit, LimitKind, LimitLevel, Unit
from tests.desk.conftest import PREVIEW
from tests.factories import NOW, BadgeMetaFactory, EarnedBadgeFactory, UserFactory

pytestmark = pytest.mark.django_db

CARDS = "/desk/customers/1001/?tab=issue"
BUTTON = "Issue for another date"
ONCE_A_WEEK = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 1, Unit.WEEKS, 1)
ONCE_A_MONTH = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 1, Unit.MONTHS, 1)
ONCE_A_DAY = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 1, Unit.DAYS, 1)
ONCE = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)
ONCE_IN_30_DAYS = Limit(LimitLevel.CUSTOMER, LimitKind.ROLLING_WINDOW, 1, Unit.DAYS, 30)


def used_up(*limits, **badge):
    """Create a badge whose limits the customer has reached just now."""
    now = timezone.now()
    badge = BadgeMetaFactory(limits=limits, **badge)
    return EarnedBadgeFactory(badge=badge, event_at=now, earned_at=now).badge


@pytest.mark.parametrize("limit", [ONCE_A_DAY, ONCE_A_WEEK, ONCE_A_MONTH])
def test_a_limit_with_a_fixed_window_leaves_other_dates(desk, limit):
    used_up(limit)

    page = desk.get(CARDS).content.decode()

    assert BUTTON in page
    assert "Code 2001" in page


@pytest.mark.parametrize("limit", [ONCE, ONCE_IN_30_DAYS])
def test_a_limit_without_a_fixed_window_leaves_no_other_date(desk, limit):
    used_up(ONCE_A_WEEK, limit)

    assert BUTTON not in desk.get(CARDS).content.decode()


def test_a_badge_of_this_week_has_no_earlier_date(desk):
    used_up(ONCE_A_MONTH, starts_at=timezone.now())

    assert BUTTON not in desk.get(CARDS).content.decode()


@pytest.mark.parametrize(
    ("badge", "offered"),
    [({"expired": True}, True), ({"upcoming": True}, False), ({"inactive": True}, False)],
)
def test_an_expired_badge_is_offered_for_an_earlier_date(desk, badge, offered):
    BadgeMetaFactory(**badge)

    assert (BUTTON in desk.get(CARDS).content.decode()) == offered


def test_another_date_requires_the_permission_to_issue(client):
    used_up(ONCE_A_WEEK)
    client.force_login(UserFactory(role="Auditor"))

    assert BUTTON not in client.get(CARDS).content.decode()


def test_the_form_for_another_date_has_the_focus_in_the_event_date(desk, filled):
    badge = used_up(ONCE_A_WEEK)
    fields = filled(badge_id=badge.pk)
    sent = {name: fields[name] for name in ("customer_id", "badge_id", "request_id")}

    response = desk.post(PREVIEW, sent)

    assert response.context["form"].fields["event_at"].widget.attrs["autofocus"]
    assert "Code 2001" in response.content.decode()
    assert EarnedBadge.objects.count() == 1


@pytest.mark.parametrize(
    ("limit", "days"),
    [
        (ONCE_A_WEEK, (date(2026, 3, 9), date(2026, 3, 15))),
        (ONCE_A_MONTH, (date(2026, 3, 1), date(2026, 3, 31))),
        (ONCE_A_DAY, (date(2026, 3, 15), date(2026, 3, 15))),
        (ONCE, None),
        (ONCE_IN_30_DAYS, None),
    ],
)
def test_the_use_of_a_limit_has_the_days_of_its_fixed_window(limit, days):
    badge = BadgeMetaFactory(limits=[limit]).definition()

    assert LimitUse.at(NOW, badge, limit, 1).days == days


@pytest.mark.parametrize(
    ("limit", "language", "window"),
    [
        (ONCE_A_WEEK, "en", ("Mon 2 Mar", "Sun 8 Mar (UTC)")),
        (ONCE_A_WEEK, "de", ("2. März", "8. März (UTC)")),
        (ONCE_A_DAY, "en", ("per day: Tue 3 Mar (UTC)",)),
    ],
)
def test_the_panel_names_the_window_of_the_event_date(desk, filled, limit, language, window):
    badge = BadgeMetaFactory(limits=[limit])
    headers = {"HX-Request": "true", "Accept-Language": language}

    fields = filled(badge_id=badge.pk, event_at="2026-03-03T10:00")
    page = desk.post(PREVIEW, fields, headers=headers).content.decode()

    assert all(words in page for words in window)
