"""The figures of a period, from the counts by day: issued, refused, and by actor."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from badges.models import ActorCount, DailyCount, Operation
from badges.selectors.leaders import MOST_OF_A_DAY
from tests.conftest import refused
from tests.factories import BadgeMetaFactory, RequestLogFactory

pytestmark = pytest.mark.django_db
FIGURES = "/desk/figures/"


@pytest.fixture
def browser(client, auditor):
    client.force_login(auditor)
    return client


@pytest.fixture
def today():
    return timezone.now().astimezone(UTC).date()


def charts(answer):
    return {chart.slug: chart for chart in answer.context["charts"]}


def test_figures_count_issued_and_refused_by_channel_and_actor(
    browser, earn, live_badge, desk_origin, integrator, member_care, today
):
    now = timezone.now()
    earn(live_badge, now=now)
    earn(live_badge, customer_id=7, now=now, origin=desk_origin, owner=None)
    with refused(404):
        earn(live_badge, badge_id="0" * 24, now=now)

    answer = browser.get(FIGURES)

    issued = charts(answer)["figures-issued"]
    assert [(series.key, total) for series, total in issued.totals] == [
        ("API", "1"),
        ("MEMBERCARE", "1"),
    ]
    assert issued.on(today) == 2
    causes = charts(answer)["figures-refused"]
    assert [(series.key, total) for series, total in causes.totals] == [(404, "1")]
    actors = [(actor.name, actor.requests, actor.refused) for actor in answer.context["actors"]]
    assert actors == [(integrator.name, 2, 1), (member_care.username, 1, 0)]
    assert f"actor=user%3A{member_care.pk}" in answer.text


def test_the_refusal_codes_beyond_six_share_a_colour(browser, today):
    for code in range(801, 809):
        row = {"day": today, "channel": "API", "operation": Operation.EARN, "code": code}
        DailyCount.objects.create(**row, requests=code - 800, customers=1)

    causes = charts(browser.get(FIGURES))["figures-refused"]

    assert [series.key for series in causes.series] == [808, 807, 806, 805, 804, 803, 0]
    assert causes.on(today) == sum(range(1, 9)) + 8
    assert causes.totals[-1] == (causes.series[-1], "5")


def test_the_period_of_figures_is_chosen(browser):
    RequestLogFactory(refused=True, received_at=datetime(2026, 3, 15, 23, 59, tzinfo=UTC))

    inside = browser.get(FIGURES, {"since": "2026-03-01", "until": "2026-03-15"})
    outside = browser.get(FIGURES, {"since": "2026-03-16", "until": "2026-03-20"})

    assert charts(inside)["figures-refused"].counts.total() == 1
    assert len(charts(outside)["figures-refused"].days) == 5
    assert "Nothing was refused on these days" in outside.text
    assert "Nobody asked for anything" in outside.text
    assert "command line" in inside.text  # F5


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ({"since": "2026-03-02", "until": "2026-03-01"}, "lies before the beginning"),
        ({"since": "2026-01-01", "until": "2026-12-31"}, "at most 92 days"),
        ({"since": "yesterday"}, "valid date"),
        ({"until": "2026-02-30"}, "valid date"),
        ({"since": "\x00"}, "valid date"),
    ],
)
def test_an_invalid_period_of_figures_is_a_field_error(browser, period, words):
    answer = browser.get(FIGURES, period)

    assert answer.status_code == 200
    assert words in answer.text
    assert "charts" not in answer.context


def test_the_busiest_of_many_actors_have_exact_numbers(browser, today):
    for back in range(60):
        ActorCount.objects.bulk_create(
            ActorCount(day=today - timedelta(days=back), user_id=1 + number, requests=1 + number)
            for number in range(MOST_OF_A_DAY)
        )
    period = {"since": today - timedelta(days=91), "until": today}
    answer = browser.get(FIGURES, period)
    assert answer.context["actors"][0].requests == 60 * MOST_OF_A_DAY
    assert "only the 32 busiest of each day are considered" in answer.text

    ActorCount.objects.filter(user_id=1).delete()
    answer = browser.get(FIGURES, period)
    assert [actor.requests for actor in answer.context["actors"]] == [
        60 * number for number in range(MOST_OF_A_DAY, MOST_OF_A_DAY - 10, -1)
    ]
    assert "busiest of each day" not in answer.text


def test_figures_show_the_longest_period(browser, today):
    period = {"since": today - timedelta(days=91), "until": today}
    assert len(charts(browser.get(FIGURES, period))["figures-issued"].days) == 92


def test_the_query_count_of_figures_is_constant(browser, earn, django_assert_max_num_queries):
    for badge in BadgeMetaFactory.create_batch(5, claimed=True):
        earn(badge, now=timezone.now())
        with refused(404):
            earn(badge, badge_id="0" * 24, now=timezone.now())

    browser.get(FIGURES)
    with django_assert_max_num_queries(15):
        browser.get(FIGURES)
