"""The figures of a period, from the counts by day: issued, refused, and by actor."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape

from badges.models import ActorCount, DailyCount, IssueReason, Operation, ReasonCount
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
    assert "There were no requests on these days" in outside.text
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


def counted(day, **values):
    """Count accepted customers, or refusals, of a day."""
    row = {"channel": "API", "operation": Operation.EARN, "requests": 1, "customers": 1}
    return DailyCount.objects.create(**row | {"day": day} | values)


class TestRowsBehindNumbers:
    """A number of a chart links to the rows that it counts (ux.md, 6.19)."""

    def test_the_numbers_of_a_day_open_its_issued_badges(
        self, browser, earn, live_badge, desk_origin
    ):
        now = timezone.now()
        earn(live_badge, now=now)
        earn(live_badge, customer_id=7, now=now, origin=desk_origin, owner=None)
        earn(live_badge, customer_id=8, now=now, origin=desk_origin, owner=None)

        row = charts(browser.get(FIGURES))["figures-issued"].rows[0]

        assert [number.count for number in row.numbers] == [1, 2]
        for number in (*row.numbers, row.total):
            listed = browser.get(number.url)
            assert len(listed.context["rows"]) == number.count

    def test_the_numbers_of_a_day_open_its_refused_requests(self, browser, earn, live_badge):
        now = timezone.now()
        for badge_id in ("0" * 24, "1" * 24):
            with refused(404):
                earn(live_badge, badge_id=badge_id, now=now)

        row = charts(browser.get(FIGURES))["figures-refused"].rows[0]

        (number,) = row.numbers
        assert number.count == row.total.count == 2
        for url in (number.url, row.total.url):
            assert [each.code for each in browser.get(url).context["rows"]] == [404, 404]

    def test_refused_customers_of_accepted_lists_have_no_rows(self, browser, today):
        counted(today, code=2001, requests=0, customers=3)

        row = charts(browser.get(FIGURES))["figures-refused"].rows[0]

        assert (row.numbers[0].count, row.numbers[0].url, row.total.url) == (3, "", "")

    def test_a_page_has_the_links_in_its_table_and_for_its_bars(self, browser, today):
        counted(today, customers=5)

        page = browser.get(FIGURES)

        url = charts(page)["figures-issued"].rows[0].numbers[0].url
        assert f'<a href="{escape(url)}">5</a>' in page.text
        assert json.loads(charts(page)["figures-issued"].as_json)["series"][0]["links"][-1] == url


def test_issued_badges_are_counted_by_reason(browser, today):
    often, seldom = IssueReason.objects.order_by("rank")[:2]
    for days_ago, reason, issued in [(0, often, 3), (1, seldom, 1), (30, often, 2)]:
        day = today - timedelta(days=days_ago)
        ReasonCount.objects.create(day=day, reason=reason, issued=issued)

    reasons = charts(browser.get(FIGURES))["figures-reasons"]

    assert [(str(each.label), total) for each, total in reasons.totals] == [
        (often.name, "3"),
        (seldom.name, "1"),
    ]
    assert reasons.change == "+100"


class TestPeriodBefore:
    def test_the_sum_is_compared_with_the_period_before(self, browser, today):
        counted(today, customers=6)
        counted(today - timedelta(days=30), customers=4)
        counted(today - timedelta(days=60), customers=100)

        page = browser.get(FIGURES)

        issued = charts(page)["figures-issued"]
        assert (issued.sum.total.count, issued.sum_before.total.count) == (6, 4)
        assert issued.sum_before.span.last == issued.period.first - timedelta(days=1)
        assert "6 in total, +50 % compared with the period before (4)." in page.text

    def test_nothing_in_the_period_before(self, browser, today):
        counted(today)

        assert "1 in total, none in the period before." in browser.get(FIGURES).text

    def test_causes_of_the_period_before_alone_are_other_causes(self, browser, today):
        counted(today, code=2001, customers=0)
        counted(today - timedelta(days=40), code=811, customers=0)

        refusals = charts(browser.get(FIGURES))["figures-refused"]

        assert [each.key for each in refusals.series] == [2001, 0]
        assert [number.count for number in refusals.sum_before.numbers] == [0, 1]


class TestWeeks:
    def test_a_long_period_has_a_bar_for_each_week(self, browser):
        counted(date(2026, 3, 1), customers=1)  # a Sunday
        counted(date(2026, 3, 2), customers=2)
        counted(date(2026, 3, 8), customers=4)

        page = browser.get(FIGURES, {"since": "2026-02-28", "until": "2026-04-14"})

        issued = charts(page)["figures-issued"]
        weeks = [(row.span.first, row.span.last, row.total.count) for row in issued.rows]
        assert weeks[-2:] == [
            (date(2026, 3, 2), date(2026, 3, 8), 6),
            (date(2026, 2, 28), date(2026, 3, 1), 1),
        ]
        assert "Issued by week and channel" in page.text
        assert "since=2026-03-02&until=2026-03-08" in issued.rows[-2].total.url

    def test_up_to_45_days_have_a_bar_for_each_day(self, browser):
        page = browser.get(FIGURES, {"since": "2026-03-01", "until": "2026-04-14"})

        assert len(charts(page)["figures-issued"].period.bars) == 45
