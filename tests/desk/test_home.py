"""The home page: figures that agree with the lists behind them, and what needs attention."""

from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from badges.desk.home import overview
from badges.models import (
    EVER,
    BadgeCount,
    Channel,
    DailyCount,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    Unit,
)
from badges.models.values import start_of_day
from badges.services import summaries
from badges.services.access import refuse_sign_in
from badges.services.earn import earn_badges
from tests.conftest import refused
from tests.factories import (
    LOYALTY,
    BadgeMetaFactory,
    IntegratorFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HOME = "/desk/"
DAY = timedelta(days=1)
NOON = start_of_day(timezone.now()) + DAY / 2


def count(*, days_ago=0, customers=0, requests=None, code=0, **columns):
    """Keep a count of a day, as `summaries` would; of earns through the API unless told."""
    day = NOON.date() - days_ago * DAY
    requests = customers if requests is None else requests
    kind = {"channel": Channel.API, "operation": Operation.EARN} | columns
    DailyCount.objects.create(day=day, code=code, customers=customers, requests=requests, **kind)


@pytest.fixture
def home(supervisor):
    """Return what the page shows to the supervisor, at noon (UTC)."""
    return lambda: overview(supervisor, NOON)


def figure(home, place):
    return home().figures[place]


@pytest.mark.parametrize(
    ("today", "yesterday", "trend", "comparison"),
    [
        (1_204, 380, "trending_up", "more than all of yesterday (380)"),
        (3, 1_380, "schedule", "so far; 1,380 in all of yesterday"),
        (0, 0, "schedule", "so far; 0 in all of yesterday"),
    ],
)
def test_issued_today_stands_beside_yesterday(home, today, yesterday, trend, comparison):
    count(customers=today)
    count(customers=yesterday, days_ago=1)

    shown = figure(home, 0)

    assert (shown.number, shown.trend, shown.comparison) == (today, trend, comparison)


@pytest.mark.parametrize(
    ("lately", "before", "trend", "comparison"),
    [
        (150, 100, "trending_up", "50 % more than in the 30 days before"),
        (75, 100, "trending_down", "25 % fewer than in the 30 days before"),
        (100, 100, "trending_flat", "as many as in the 30 days before"),
        (5, 0, "trending_up", "none in the 30 days before"),
        (0, 0, "trending_flat", "none in the 30 days before"),
    ],
)
def test_issued_in_30_days_stands_beside_the_30_days_before(
    home, lately, before, trend, comparison
):
    count(customers=lately, days_ago=29)
    count(customers=before, days_ago=30)
    count(customers=9, days_ago=60)

    shown = figure(home, 1)

    assert (shown.number, shown.trend, shown.comparison) == (lately, trend, comparison)


def test_active_badges_are_switched_on_and_inside_their_period(home):
    BadgeMetaFactory.create_batch(2)
    BadgeMetaFactory(starts_at=NOON - 3 * DAY)
    for kind in ("inactive", "upcoming", "expired"):
        BadgeMetaFactory(**{kind: True})

    shown = figure(home, 2)

    assert (shown.number, shown.comparison) == (3, "1 more than 30 days ago")


def test_what_was_refused_is_not_issued(home):
    count(customers=0, requests=4, code=2001)
    count(customers=5, requests=0, code=2001, operation=Operation.EARN_BULK)
    count(customers=7, operation=Operation.ENROL_BULK)
    count(customers=2, operation=Operation.REVOKE_EARN)

    assert [figure(home, place).number for place in (0, 1, 3)] == [0, 0, 4]


def test_each_figure_leads_to_the_list_that_it_counts(client, supervisor, earn, live_badge):
    now = timezone.now()
    for number in range(3):
        earn(live_badge, now=now, customer_id=1 + number)
    earn(live_badge, now=now - 40 * DAY)
    with refused(404):
        earn(live_badge, badge_id="0" * 24, now=now)
    refuse_sign_in(username="simon", address="", message="No.")  # which is no refusal of a badge
    client.force_login(supervisor)

    figures = client.get(HOME).context["home"].figures

    assert [figure.number for figure in figures] == [3, 3, 1, 1]
    for figure in figures:
        context = client.get(figure.link).context
        rows = context["rows"] if "rows" in context else context["page"].object_list
        assert len(rows) == figure.number


def test_the_table_has_every_day_by_channel(client, supervisor):
    count(customers=1_500)
    count(customers=20, days_ago=29, channel=Channel.MEMBERCARE)
    count(customers=3, days_ago=30)
    client.force_login(supervisor)

    response = client.get(HOME)
    issued = response.context["home"].issued

    assert [channel.label for channel in issued.series] == ["API", "MemberCare"]
    assert len(issued.rows) == 30
    assert issued.rows[0] == (timezone.now().date(), ["1,500", "0"], "1,500")
    assert issued.rows[-1][1:] == (["0", "20"], "20")
    assert "<td>1,500</td>" in response.text


def test_the_badges_issued_most_come_first(home):
    often, seldom = BadgeMetaFactory(name="Often"), BadgeMetaFactory(name="Seldom")
    BadgeMetaFactory(name="Never")
    for badge, days_ago, times in [(seldom, 0, 5), (often, 29, 30), (seldom, 30, 99)]:
        BadgeCount.objects.create(badge=badge, day=NOON.date() - days_ago * DAY, issued=times)
    BadgeCount.objects.create(badge=seldom, day=EVER, issued=104)

    assert [(top.name, top.issued) for top in home().top] == [("Often", 30), ("Seldom", 5)]


BADGE, CUSTOMER = LimitLevel.BADGE, LimitLevel.CUSTOMER


@pytest.mark.parametrize(
    ("limit", "used", "near"),
    [
        (Limit(BADGE, LimitKind.FIXED_VALUE, 10), 9, True),
        (Limit(BADGE, LimitKind.FIXED_VALUE, 10), 10, True),
        (Limit(BADGE, LimitKind.FIXED_VALUE, 10), 8, False),
        (Limit(BADGE, LimitKind.FIXED_WINDOW, 10, Unit.MONTHS, 1), 9, True),
        (Limit(BADGE, LimitKind.ROLLING_WINDOW, 10, Unit.DAYS, 7), 10, False),
        (Limit(CUSTOMER, LimitKind.FIXED_VALUE, 1), 1, False),
    ],
)
def test_a_limit_that_is_nearly_used_up_needs_attention(home, api_origin, limit, used, near):
    badge = BadgeMetaFactory(name="Rare", claimed=True, limits=[limit])
    earn_badges(
        origin=api_origin,
        request_id="list",
        customer_ids=range(1, used + 1),
        badge_id=badge.pk,
        owner=LOYALTY,
        now=NOON,
    )

    running = home().attention.running

    assert [(each.name, each.use.used) for each in running] == ([("Rare", used)] if near else [])


def test_the_window_before_is_over(home, api_origin):
    limit = Limit(BADGE, LimitKind.FIXED_WINDOW, 2, Unit.DAYS, 1)
    badge = BadgeMetaFactory(claimed=True, limits=[limit])
    call = {"badge_id": badge.pk, "owner": LOYALTY, "customer_ids": [1, 2]}
    earn_badges(origin=api_origin, request_id="then", now=NOON - DAY, **call)

    assert home().attention.running == []


def test_a_badge_that_ends_within_a_week_needs_attention(home):
    BadgeMetaFactory(name="Soon", expires_at=NOON + 7 * DAY)
    BadgeMetaFactory(name="Sooner", expires_at=NOON + DAY)
    BadgeMetaFactory(name="Later", expires_at=NOON + 8 * DAY)
    BadgeMetaFactory(name="Off", expires_at=NOON + DAY, inactive=True)

    assert [each.name for each in home().attention.ending] == ["Sooner", "Soon"]


@pytest.mark.parametrize(
    ("accepted", "failed", "days_ago", "rises"),
    [
        (90, 10, 0, True),
        (90, 10, 1, True),
        (90, 10, 2, False),
        (91, 9, 0, False),
        (290, 10, 0, False),
        (0, 50, 0, True),
    ],
)
def test_an_integrator_refused_more_often_needs_attention(home, accepted, failed, days_ago, rises):
    """The week before it was refused two times in a hundred."""
    engine, calm = IntegratorFactory(name="Engine"), IntegratorFactory(name="Calm")
    for back in range(2, 9):
        count(customers=98, days_ago=back, integrator_id=engine.pk)
        count(requests=2, days_ago=back, integrator_id=engine.pk, code=815)
    count(customers=1000, integrator_id=calm.pk)
    count(requests=10, integrator_id=0, code=404)
    more = {"days_ago": days_ago, "integrator_id": engine.pk, "channel": Channel.BULK}
    count(customers=accepted, **more)
    count(requests=failed, code=815, **more)

    failing = home().attention.failing

    assert [each.name for each in failing] == (["Engine"] if rises else [])
    if rises:
        assert failing[0].day == NOON.date() - days_ago * DAY
        assert f"actor=integrator%3A{engine.pk}" in failing[0].link


def test_the_causes_of_today_come_with_their_words(home):
    count(requests=3, code=2001)
    count(customers=40, requests=0, code=2001, operation=Operation.EARN_BULK)
    count(requests=7, code=815)
    count(requests=8, code=815, days_ago=1)
    count(requests=1, code=599)

    causes = home().causes

    assert [(cause.code, cause.words) for cause in causes] == [
        (815, "7 requests"),
        (2001, "3 requests, 40 customers of lists"),
        (599, "1 request"),
    ]
    assert causes[0].text == "The badge is inactive or has not begun."
    assert f"code=815&since={NOON:%Y-%m-%d}" in causes[0].link


def test_it_counts_what_has_just_happened(client, supervisor, live_badge, earn):
    client.force_login(supervisor)
    client.get(HOME)
    earn(live_badge, now=timezone.now())

    assert client.get(HOME).context["home"].figures[0].number == 1


def test_it_counts_no_more_than_it_may_while_somebody_waits(client, supervisor, monkeypatch):
    monkeypatch.setattr("badges.desk.home.COUNTED_WHEN_OPENED", 2)
    RequestLogFactory.create_batch(5)
    client.force_login(supervisor)

    client.get(HOME)

    assert sum(row.requests for row in DailyCount.objects.of_badge()) == 2


@pytest.mark.parametrize(
    ("role", "says"),
    [("supervisor", "Create the first badge"), ("member_care", "A supervisor can")],
)
def test_a_fresh_database_says_what_to_do_next(client, request, role, says):
    client.force_login(request.getfixturevalue(role))

    page = client.get(HOME).text

    assert "There is no badge yet" in page
    assert ('href="/desk/badges/new/"' in page) == (role == "supervisor")
    assert says in page
    assert "Nothing was issued in the last 30 days" in page
    assert "All is well" in page
    assert "Nothing was refused today" in page


@pytest.mark.parametrize("role", ["member_care", "supervisor", "auditor"])
def test_every_role_sees_it_and_every_link_opens(client, request, role, live_badge):
    count(customers=5)
    live_badge.counts.create(day=NOON.date(), issued=3)
    count(requests=5, code=815)
    BadgeMetaFactory(expires_at=timezone.now() + DAY)
    client.force_login(request.getfixturevalue(role))

    response = client.get(HOME)
    shown = response.context["home"]

    links = [each.link for each in [*shown.figures, *shown.top, *shown.causes]]
    links += [each.link for each in shown.attention.ending]
    assert shown.figures[2].link.startswith("/desk/badges/?")
    assert shown.top[0].link == f"/desk/badges/{live_badge.pk}/"
    assert len(links) == 7
    for link in links:
        assert f'href="{link}"' in unescape(response.text)
        assert client.get(link).status_code == 200


def test_a_list_that_one_may_not_see_is_no_link(client, db):
    from django.contrib.auth.models import Permission

    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_requestlog"))
    client.force_login(user)

    links = [figure.link for figure in client.get(HOME).context["home"].figures]

    assert [bool(link) for link in links] == [False, False, False, True]


def test_the_others_are_led_on(client, db):
    assert client.get(HOME).url == f"{reverse('admin:login')}?next={HOME}"
    client.force_login(UserFactory())
    assert client.get(HOME).url == reverse("admin:index")
    assert "home" not in client.get(reverse("admin:index")).context


def test_the_first_page_of_the_admin_shows_the_same(client, auditor):
    count(customers=1_500)
    client.force_login(auditor)

    page = client.get(reverse("admin:index"))

    assert page.context["home"].figures[0].number == 1_500
    assert "Issued per day" in page.text
    assert "Every attempt to change something" in page.text


def test_it_asks_as_often_however_much_there_is_to_show(
    client, supervisor, integrator, live_badge, earn
):
    earn(live_badge)
    summaries.catch_up()
    client.force_login(supervisor)
    queries = []
    for number in range(2):
        earn(live_badge, customer_id=1 + number)
        near = Limit(BADGE, LimitKind.FIXED_VALUE, 1)
        for badge in BadgeMetaFactory.create_batch(
            4, limits=[near], expires_at=timezone.now() + DAY
        ):
            badge.tallies.create(day=EVER, in_all=1)
            badge.counts.create(day=NOON.date(), issued=3)
        count(requests=10, code=815 + number, integrator_id=integrator.pk)
        with CaptureQueriesContext(connection) as asked:
            shown = client.get(HOME).context["home"]
        assert shown.attention.running
        assert shown.attention.failing
        queries.append(len(asked))

    # And the savepoint that stands for the transaction in which it counts what is new.
    assert queries[0] == queries[1] <= 15 + 2
    assert [top.issued for top in shown.top] == [3] * 6


def test_the_log_is_read_by_what_is_new_alone(client, supervisor):
    RequestLogFactory.create_batch(3)
    summaries.catch_up()
    client.force_login(supervisor)

    with CaptureQueriesContext(connection) as asked:
        client.get(HOME)

    log = [query["sql"] for query in asked if 'FROM "badges_requestlog"' in query["sql"]]
    assert len(log) == 1
    assert "last_request" in log[0]
    assert "LIMIT 1000" in log[0]


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(part * c for part, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


WHITE, PAGE, NIGHT, NIGHT_CARD = "#ffffff", "#f9fafb", "#111827", "#1a2231"


@pytest.mark.parametrize(
    ("weight", "background"),
    [
        *(("600", background) for background in (WHITE, PAGE)),  # text and links
        *(("700", background) for background in (WHITE, PAGE)),
        *(("400", background) for background in (NIGHT, NIGHT_CARD)),
        *(("500", background) for background in (NIGHT, NIGHT_CARD)),
        ("600", "50"),
        *((WHITE, button) for button in ("600", "700")),  # words on buttons, and under the mouse
    ],
)
def test_the_palette_can_be_read(weight, background):
    palette = settings.UNFOLD["COLORS"]["primary"]
    colours = [palette.get(colour, colour) for colour in (weight, background)]

    assert contrast(*colours) >= 4.5
