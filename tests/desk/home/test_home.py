"""The home page: figures that agree with the linked lists, and items that need attention."""

from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from badges.desk.home.overview import overview
from badges.models import (
    EVER,
    ActorCount,
    BadgeCount,
    Channel,
    DailyCount,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    RequestLog,
    Unit,
)
from badges.models.values import start_of_day
from badges.selectors.leaders import MOST_OF_A_DAY
from badges.services.access.sign_in import refuse_sign_in
from badges.services.earning.earn import earn_badges
from badges.services.record import summaries
from badges.services.record.seals import seal_all
from tests.conftest import refused
from tests.factories import (
    BadgeMetaFactory,
    IntegratorFactory,
    RequestLogFactory,
    UserFactory,
    badge_arguments,
)

pytestmark = pytest.mark.django_db

HOME = "/desk/"
DAY = timedelta(days=1)
NOON = start_of_day(timezone.now()) + DAY / 2


def count(*, days_ago=0, customers=0, requests=None, code=0, integrator_id=0, **columns):
    """Add to the counts of a day as `summaries` does, by default an earn through the API."""
    day = NOON.date() - days_ago * DAY
    requests = customers if requests is None else requests
    kind = {"channel": Channel.API, "operation": Operation.EARN} | columns | {"code": code}
    for each in {0, integrator_id}:
        row, _ = DailyCount.objects.get_or_create(day=day, integrator_id=each, **kind)
        row.requests += requests
        row.customers += customers
        row.save()
    actor, _ = ActorCount.objects.get_or_create(day=day, integrator_id=integrator_id)
    actor.requests += requests
    actor.refused += requests if code else 0
    actor.save()


@pytest.fixture
def home(supervisor):
    """Return a function that returns the supervisor's overview at noon (UTC)."""
    return lambda: overview(supervisor, NOON)


def figure(home, place):
    return home().figures[place]


@pytest.mark.parametrize(
    ("today", "yesterday", "trend", "comparison"),
    [
        (1_204, 380, "trending_up", "more than all of yesterday (380)"),
        (3, 1_380, "schedule", "so far · yesterday: 1,380"),
        (0, 0, "schedule", "so far · yesterday: 0"),
    ],
)
def test_issued_today_is_compared_with_yesterday(home, today, yesterday, trend, comparison):
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
def test_issued_in_30_days_is_compared_with_the_30_days_before(
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


def test_refused_requests_are_not_counted_as_issued(home):
    count(customers=0, requests=4, code=2001)
    count(customers=5, requests=0, code=2001, operation=Operation.EARN_BULK)
    count(customers=7, operation=Operation.ENROL_BULK)
    count(customers=2, operation=Operation.REVOKE_EARN)

    assert [figure(home, place).number for place in (0, 1, 3)] == [0, 0, 4]


def test_each_figure_links_to_the_list_that_it_counts(client, supervisor, earn, live_badge):
    now = timezone.now()
    for number in range(3):
        earn(live_badge, now=now, customer_id=1 + number)
    earn(live_badge, now=now - 40 * DAY)
    with refused(404):
        earn(live_badge, badge_id="0" * 24, now=now)
    refuse_sign_in(username="simon", address="", message="No.")  # is not counted as a refused badge
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

    assert [channel.label for channel in issued.series] == ["API", "Staff desk"]
    assert len(issued.rows) == 30
    newest, oldest = issued.rows[0], issued.rows[-1]
    assert newest.span.first == newest.span.last == timezone.now().date()
    assert [number.text for number in (*newest.numbers, newest.total)] == ["1,500", "0", "1,500"]
    assert [number.text for number in (*oldest.numbers, oldest.total)] == ["0", "20", "20"]
    assert ">1,500</a></td>" in response.text


def test_the_badges_issued_most_come_first(home):
    often, seldom = BadgeMetaFactory(name="Often"), BadgeMetaFactory(name="Seldom")
    BadgeMetaFactory(name="Never")
    for badge, days_ago, times in [(seldom, 0, 5), (often, 29, 30), (seldom, 30, 99)]:
        BadgeCount.objects.create(badge=badge, day=NOON.date() - days_ago * DAY, issued=times)
    BadgeCount.objects.create(badge=seldom, day=EVER, issued=104)

    assert [(top.name, top.issued) for top in home().top] == [("Often", 30), ("Seldom", 5)]


def test_the_top_badges_of_many_have_exact_numbers(client, supervisor):
    crowd = BadgeMetaFactory.create_batch(MOST_OF_A_DAY)
    often = BadgeMetaFactory(name="Often")
    today = timezone.now().date()
    BadgeCount.objects.bulk_create(BadgeCount(badge=each, day=today, issued=5) for each in crowd)
    BadgeCount.objects.create(badge=often, day=today, issued=1)
    BadgeCount.objects.create(badge=often, day=today - DAY, issued=50)
    client.force_login(supervisor)

    page = client.get(HOME)

    top = page.context["home"].top
    assert [(each.name, each.issued) for each in top[:1]] == [("Often", 51)]
    assert [each.issued for each in top[1:]] == [5] * 5
    assert "only the 32 issued most on each day are considered" in page.text

    BadgeCount.objects.filter(badge=crowd[0]).delete()
    BadgeCount.objects.filter(badge=often, day=today).delete()
    assert "issued most on each day" not in client.get(HOME).text


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
def test_a_limit_that_is_nearly_used_needs_attention(home, api_origin, limit, used, near):
    badge = BadgeMetaFactory(name="Rare", claimed=True, limits=[limit])
    earn_badges(
        request_id="list",
        customer_ids=range(1, used + 1),
        **badge_arguments(badge, api_origin, now=NOON),
    )

    running = home().attention.running

    assert [(each.name, each.use.used) for each in running] == ([("Rare", used)] if near else [])


@pytest.mark.parametrize(
    ("limits", "tallies", "shown"),
    [(300, 900, ["Life", "Month"]), (300, 10, ["Life"]), (1, 900, None)],
)
def test_many_limits_are_not_all_checked(client, supervisor, monkeypatch, limits, tallies, shown):
    monkeypatch.setattr("badges.desk.home.attention.MAX_LIMITS", limits)
    monkeypatch.setattr("badges.desk.home.attention.MAX_TALLIES", tallies)
    now = timezone.now()
    for name, limit in [
        ("Life", Limit(BADGE, LimitKind.FIXED_VALUE, 1)),
        ("Month", Limit(BADGE, LimitKind.FIXED_WINDOW, 1, Unit.DAYS, 30)),
    ]:
        badge = BadgeMetaFactory(name=name, limits=[limit], starts_at=now - 20 * DAY)
        badge.tallies.create(day=EVER, in_all=1)
        badge.tallies.create(day=now.date(), by_event_day=1)
    client.force_login(supervisor)

    page = client.get(HOME)

    running = [each.name for each in page.context["home"].attention.running]
    assert running == shown if shown else len(running) == 1
    assert ("not all of their limits were checked" in page.text) == (shown != ["Life", "Month"])


def test_a_previous_window_needs_no_attention(home, api_origin):
    limit = Limit(BADGE, LimitKind.FIXED_WINDOW, 2, Unit.DAYS, 1)
    badge = BadgeMetaFactory(claimed=True, limits=[limit])
    call = badge_arguments(badge, api_origin, now=NOON - DAY)
    earn_badges(request_id="then", customer_ids=[1, 2], **call)

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
    """In the week before, two of a hundred requests were refused."""
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


def test_of_many_integrators_those_with_the_most_refusals_are_checked(home, monkeypatch):
    monkeypatch.setattr("badges.desk.home.attention.MAX_REFUSED_INTEGRATORS", 2)
    for name, failed in [("Bad", 20), ("Worse", 30), ("Worst", 40)]:
        count(requests=failed, code=815, integrator_id=IntegratorFactory(name=name).pk)

    attention = home().attention

    assert {each.name for each in attention.failing} == {"Worse", "Worst"}
    assert attention.integrators_are_cut


def test_the_refusals_of_today_have_their_descriptions(home):
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


def test_the_home_page_counts_new_requests(client, supervisor, live_badge, earn):
    client.force_login(supervisor)
    client.get(HOME)
    earn(live_badge, now=timezone.now())

    assert client.get(HOME).context["home"].figures[0].number == 1


def test_the_home_page_counts_new_requests_up_to_a_bound(client, supervisor, monkeypatch):
    monkeypatch.setattr("badges.desk.home.overview.COUNTED_WHEN_OPENED", 2)
    RequestLogFactory.create_batch(5)
    client.force_login(supervisor)

    client.get(HOME)

    assert sum(row.requests for row in DailyCount.objects.of_badge()) == 2


@pytest.mark.parametrize(
    ("role", "says"),
    [("supervisor", "Create the first badge"), ("member_care", "A supervisor can")],
)
def test_an_empty_database_shows_the_next_step(client, request, role, says):
    client.force_login(request.getfixturevalue(role))

    page = client.get(HOME).text

    assert "There is no badge yet" in page
    assert ('href="/desk/badges/new/"' in page) == (role == "supervisor")
    assert says in page
    assert "Nothing was issued in the last 30 days" in page
    assert "Nothing needs attention" in page
    assert "Nothing was refused today" in page


@pytest.mark.parametrize("role", ["member_care", "supervisor", "auditor"])
def test_every_role_may_open_the_home_page_and_its_links(client, request, role, live_badge):
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


def test_a_figure_without_permission_for_its_list_is_no_link(client, db):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_requestlog"))
    client.force_login(user)

    links = [figure.link for figure in client.get(HOME).context["home"].figures]

    assert [bool(link) for link in links] == [False, False, False, True]


def test_users_without_the_permission_see_no_figures_on_the_home_page(client, db):
    assert client.get(HOME).url == f"{reverse('admin:login')}?next={HOME}"
    client.force_login(UserFactory())

    page = client.get(HOME)

    assert page.context["home"] is None
    assert "Issued per day" not in page.text


def test_the_home_page_has_figures_and_links_to_the_other_pages(client, auditor):
    count(customers=1_500)
    client.force_login(auditor)

    page = client.get(HOME)

    assert page.context["home"].figures[0].number == 1_500
    assert "Issued per day" in page.text
    assert "Every attempt to change something" in page.text


def test_the_query_count_of_the_home_page_is_constant(
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

    # Plus the savepoint, which replaces the transaction that counts new rows. Counting needs two
    # more statements on SQLite. On PostgreSQL it needs one more, which checks for concurrent
    # inserts.
    most = 15 + 2 if connection.vendor == "postgresql" else 15 + 3
    assert queries[0] == queries[1] <= most
    assert [top.issued for top in shown.top] == [3] * 6


def test_the_home_page_reads_only_new_rows_of_the_log(client, supervisor):
    RequestLogFactory.create_batch(3)
    summaries.catch_up()
    client.force_login(supervisor)

    with CaptureQueriesContext(connection) as asked:
        client.get(HOME)

    counted, waiting = [
        query["sql"] for query in asked if 'FROM "badges_requestlog"' in query["sql"]
    ]
    assert "last_request" in counted
    assert "LIMIT 1000" in counted
    assert waiting.endswith("LIMIT 1")


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
        *((WHITE, button) for button in ("600", "700")),  # button labels, also on hover
    ],
)
def test_the_palette_has_sufficient_contrast(weight, background):
    palette = settings.UNFOLD["COLORS"]["primary"]
    colours = [palette.get(colour, colour) for colour in (weight, background)]

    assert contrast(*colours) >= 4.5


class TestPeriodicTasks:
    """The home page warns while sealing or counting is behind."""

    @pytest.fixture
    def waits(self, earn, live_badge, unguarded):
        """Return a function that creates an unsealed and uncounted request of a certain age."""

        def record(age):
            earn(live_badge)
            RequestLog.objects.update(recorded_at=timezone.now() - age)

        return record

    def shown(self, user):
        return overview(user, timezone.now()).attention.behind

    def test_an_overdue_seal_needs_attention(self, waits, supervisor):
        waits(timedelta(minutes=5))

        (sealing,) = self.shown(supervisor)  # opening the page has counted the request

        assert sealing.title == "Sealing is behind"
        assert sealing.since < timezone.now() - timedelta(minutes=4)
        assert sealing.link == "/desk/audit/"

    def test_a_recent_unsealed_row_needs_no_attention(self, waits, supervisor):
        waits(timedelta(seconds=30))
        assert self.shown(supervisor) == []

    def test_a_sealed_row_needs_no_attention(self, waits, supervisor, audit_files):
        waits(timedelta(minutes=5))
        seal_all()
        assert self.shown(supervisor) == []

    def test_failing_daily_counts_need_attention(self, waits, supervisor, monkeypatch, audit_files):
        waits(timedelta(minutes=5))
        seal_all()
        monkeypatch.setattr("badges.desk.home.overview.COUNTED_WHEN_OPENED", 0)
        assert [each.title for each in self.shown(supervisor)] == ["Counting is behind"]

    def test_sealing_by_a_command_may_take_a_day(self, waits, supervisor, settings):
        settings.AUDIT_SEAL_SECONDS = 0
        waits(timedelta(hours=23))
        assert self.shown(supervisor) == []
        RequestLog.objects.update(recorded_at=timezone.now() - timedelta(hours=25))
        assert len(self.shown(supervisor)) == 1

    def test_an_overdue_seal_without_permission_has_no_link(self, waits, client):
        waits(timedelta(minutes=5))
        reader = UserFactory(role=None)
        reader.user_permissions.add(Permission.objects.get(codename="view_requestlog"))
        client.force_login(reader)

        page = client.get(HOME)

        assert "Sealing is behind" in page.text
        assert "/desk/audit/" not in page.text


def test_active_badges_are_counted_up_to_a_bound(home, monkeypatch):
    monkeypatch.setattr("badges.desk.home.overview.MAX_BADGES", 3)
    BadgeMetaFactory.create_batch(4)

    shown = figure(home, 2)

    assert (shown.text, shown.comparison) == ("3", "or more: no more are counted")


def test_the_badge_that_ends_first_is_shown_first_of_many(home):
    for days in range(12):
        BadgeMetaFactory(name=f"Ends {days:02}", expires_at=NOON + timedelta(hours=1 + days))

    names = [each.name for each in home().attention.ending]

    assert names == [f"Ends {days:02}" for days in range(8)]
