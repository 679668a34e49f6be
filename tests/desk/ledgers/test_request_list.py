"""The request log at the desk: permissions, content, filters, and invalid parameters."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from badges.audit.reading import BATCHES, PAGE_SIZE
from badges.models import Channel, DailyCount, Integrator, Operation, RequestLog
from badges.services.access.sign_in import refuse_integrator, refuse_sign_in
from badges.services.record import summaries
from tests.factories import (
    NOW,
    BadgeMetaFactory,
    IntegratorFactory,
    RequestLogFactory,
    UserFactory,
    refused_requests,
)

pytestmark = pytest.mark.django_db

LOG = "/desk/requests/"
TAIL = "/desk/requests/tail/"
ANSWERS = [("MemberCare", 200), ("Supervisor", 200), ("Auditor", 200), (None, 403)]


@pytest.fixture
def browser(client, auditor):
    """Return a client that is logged in as the auditor."""
    client.force_login(auditor)
    return client


def listed(browser, **query):
    return [row.pk for row in browser.get(LOG, query).context["rows"]]


def link(answer, rel):
    """Return the address of a link to another page."""
    found = re.search(f'rel="{rel}" href="([^"]+)"', answer.text)
    return found and unescape(found[1])


@pytest.mark.parametrize(("role", "status"), ANSWERS)
def test_the_request_list_requires_its_permission(client, role, status):
    row = RequestLogFactory()
    client.force_login(UserFactory(role=role))

    for address in (LOG, f"{LOG}{row.pk}/", f"{LOG}badges/"):
        assert client.get(address).status_code == status
    assert client.get(TAIL).status_code == (204 if status == 200 else 403)


def test_the_request_list_requires_a_sign_in(client):
    for address in (LOG, TAIL, f"{LOG}1/"):
        assert client.get(address)["Location"] == f"/admin/login/?next={address}"


def test_the_request_list_has_all_columns_newest_first(browser, integrator, member_care):
    badge = BadgeMetaFactory(name="Welcome")
    old = RequestLogFactory(integrator=integrator, channel=Channel.API, customer_id=1001)
    new = RequestLogFactory(
        user=member_care,
        channel=Channel.MEMBERCARE,
        badge=badge,
        request_id="desk-1",
        refused=True,
    )

    answer = browser.get(LOG)

    assert [row.pk for row in answer.context["rows"]] == [new.pk, old.pk]
    for words in ("Loyalty engine", "1001", "maria", "Staff desk", "Welcome", "desk-1", "815"):
        assert words in answer.text
    assert f'href="{LOG}{new.pk}/"' in answer.text


@pytest.mark.parametrize(
    ("refuse", "shown"),
    [
        (
            partial(refuse_sign_in, username="auditor"),
            ["not signed in (tried: auditor)", "Staff desk"],
        ),
        (partial(refuse_sign_in, username="my password"), ["not signed in", "Staff desk"]),
        (
            partial(refuse_integrator, Operation.SIGN_IN, client_id="engine-1"),
            ["not signed in (tried: engine-1)", "API"],
        ),
        (
            partial(refuse_integrator, Operation.ISSUE_TOKEN, client_id="unknown"),
            ["not signed in", "API"],
        ),
    ],
)
def test_a_failed_sign_in_shows_the_name_that_was_tried(browser, integrator, refuse, shown):
    """F5, F26: only commands are by "command line"; a name is shown only if it is recorded."""
    Integrator.objects.update(client_id="engine-1")
    UserFactory(username="auditor")
    refuse(address="192.0.2.1", message="Wrong.")
    actor, channel = shown

    row = RequestLog.objects.get()
    pages = [browser.get(LOG).text, browser.get(f"{LOG}{row.pk}/").text]

    assert f"<span>{actor} " in pages[0]
    assert f"<dd>{actor}</dd>" in pages[1]
    for page in pages:
        assert channel in page
        assert "my password" not in page
        assert "command line" not in page


def test_a_request_of_a_command_is_by_the_command_line(browser):
    row = RequestLogFactory(channel=Channel.COMMAND, content="no JSON")
    assert "<span>command line " in browser.get(LOG).text  # F5
    assert "<dd>command line</dd>" in browser.get(f"{LOG}{row.pk}/").text


def test_an_empty_request_list_has_a_message(browser):
    assert "No requests yet" in browser.get(LOG).text


def test_pages_of_the_request_list_are_contiguous_in_both_directions(browser):
    pks = [row.pk for row in RequestLogFactory.create_batch(2 * PAGE_SIZE + 10)][::-1]

    first = browser.get(LOG)
    second = browser.get(LOG + link(first, "next").removeprefix(LOG))
    third = browser.get(link(second, "next"))
    back = browser.get(link(third, "prev"))
    newest = browser.get(link(back, "prev"))

    shown = [[row.pk for row in page.context["rows"]] for page in (first, second, third)]
    assert [pk for page in shown for pk in page] == pks
    assert [row.pk for row in back.context["rows"]] == shown[1]
    assert [row.pk for row in newest.context["rows"]] == shown[0]
    assert (link(first, "prev"), link(third, "next")) == (None, None)
    assert "showing 50" in first.text
    assert "showing 10" in third.text


def test_links_to_pages_of_the_request_list_keep_the_filters(browser):
    RequestLogFactory.create_batch(PAGE_SIZE + 1, refused=True)
    accepted = RequestLogFactory()

    second = browser.get(link(browser.get(LOG, {"outcome": "REFUSED"}), "next"))

    assert len(second.context["rows"]) == 1
    assert accepted.pk not in listed(browser, outcome="REFUSED")


@pytest.mark.parametrize("text", ["x", "-1", "9" * 19, "1.5", "²", "%00", "' OR 1=1"])
@pytest.mark.parametrize("name", ["older", "newer"])
def test_an_invalid_cursor_of_the_request_list_is_the_newest_page(browser, name, text):
    row = RequestLogFactory()

    answer = browser.get(f"{LOG}?{name}={text}")

    assert [each.pk for each in answer.context["rows"]] == [row.pk]


def test_an_empty_page_of_the_request_list_links_back(browser):
    RequestLogFactory()

    page = browser.get(LOG, {"older": "1"}).text

    assert "There is nothing older" in page
    assert "Newest" in page


def test_the_badge_filter_accepts_an_id_a_name_or_a_part(browser):
    summer, winter = BadgeMetaFactory(name="Summer walk"), BadgeMetaFactory(name="Winter walk")
    row = RequestLogFactory(badge=summer)
    RequestLogFactory(badge=winter)

    for text in (summer.pk, "Summer walk", "summer WALK", "summ"):
        answer = browser.get(LOG, {"badge": text})
        assert [each.pk for each in answer.context["rows"]] == [row.pk]
        assert 'value="Summer walk"' in answer.text
        assert answer.context["form"].query == {"badge": summer.pk}


def test_filters_by_customer_actor_and_period_are_combined(browser, integrator):
    hour = {"received_at": NOW, "integrator": integrator, "customer_id": 7}
    row = RequestLogFactory(**hour)
    RequestLogFactory(**hour | {"received_at": NOW + timedelta(minutes=1)})
    RequestLogFactory(**hour | {"customer_id": 8})
    minute = f"{NOW:%Y-%m-%dT%H:%M}"

    asked = {"customer_id": "7", "actor": f"integrator:{integrator.pk}"}

    assert listed(browser, **asked, since=minute, until=minute) == [row.pk]


def test_a_period_filter_has_whole_days_in_utc(browser):
    moments = [datetime(2026, 3, day, hour, 59, 59, tzinfo=UTC) for day, hour in [(1, 23), (2, 0)]]
    moments += [datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)]
    rows = [RequestLogFactory(received_at=moment) for moment in moments]

    answer = browser.get(LOG, {"since": "2026-03-02", "until": "2026-03-02"})

    assert [row.pk for row in answer.context["rows"]] == [rows[2].pk, rows[1].pk]
    assert 'value="2026-03-02T00:00"' in answer.text
    assert 'value="2026-03-02T23:59"' in answer.text
    assert "From (UTC)" in answer.text


def test_a_period_filter_with_an_offset_is_shown_in_utc(browser):
    row = RequestLogFactory(received_at=NOW)

    answer = browser.get(LOG, {"since": "2026-03-15T14:00+02:00"})

    assert [each.pk for each in answer.context["rows"]] == [row.pk]
    assert 'value="2026-03-15T12:00"' in answer.text


def test_the_badge_filter_prefers_a_complete_name(browser):
    for number in range(6):
        BadgeMetaFactory(name=f"A walk {number}")
    badge = BadgeMetaFactory(name="walk")

    assert browser.get(LOG, {"badge": "walk"}).context["form"].query == {"badge": badge.pk}


def test_active_filters_are_removable_chips(browser):
    badge = BadgeMetaFactory(name="Welcome")

    answer = browser.get(LOG, {"badge": badge.pk, "outcome": "REFUSED", "operation": ""})

    assert f'href="{LOG}?outcome=REFUSED"' in answer.text
    assert f'href="{LOG}?badge={badge.pk}"' in answer.text
    labels = [(str(chip.label), chip.value) for chip in answer.context["form"].chips]
    assert sorted(labels) == [("Badge", "Welcome"), ("Outcome", "Refused")]


NONSENSE = [
    ("outcome", "MAYBE"),
    ("code", "x"),
    ("code", "²"),
    ("code", "9" * 30),
    ("operation", "FLY"),
    ("channel", "x"),
    ("actor", "user:999999"),
    ("actor", "integrator:"),
    ("actor", "password:1"),
    ("badge", "nothing like it"),
    ("badge", "\0"),
    ("customer_id", "x"),
    ("customer_id", "9" * 30),
    ("customer_id", "-1"),
    ("request_id", "x" * 101),
    ("request_id", "\0"),
    ("since", "yesterday"),
    ("since", "0001-01-01"),
    ("since", "9999-12-31T23:59"),
    ("since", "0001-01-01T00:00+02:00"),
    ("until", "9999-12-31"),
    ("until", "2026-13-01T00:00"),
    ("number", "x"),
    ("number", "9" * 30),
]


@pytest.mark.parametrize(("name", "value"), NONSENSE)
def test_an_invalid_filter_of_the_request_list_is_a_field_error(browser, name, value):
    RequestLogFactory()

    answer = browser.get(LOG, {name: value})

    assert answer.status_code == 200
    assert name in answer.context["form"].errors
    assert f'id="id_{name}_error"' in answer.text
    assert answer.context["rows"] == []
    assert browser.get(TAIL, {name: value, "seen": "0"}).status_code == 204


def test_the_badge_filter_names_several_matches(browser):
    for name in ("Summer walk", "Winter walk"):
        BadgeMetaFactory(name=name)

    page = browser.get(LOG, {"badge": "walk"}).text

    assert "Several badges have this in their name: Summer walk, Winter walk." in page


def test_a_period_filter_that_ends_before_its_start_is_refused(browser):
    form = browser.get(LOG, {"since": "2026-03-02", "until": "2026-03-01"}).context["form"]

    assert list(form.errors) == ["until"]


def test_the_request_list_escapes_filter_texts(browser):
    assert "<script>x" not in browser.get(LOG, {"request_id": "<script>x"}).text


def test_the_badge_filter_offers_matching_badges(browser):
    BadgeMetaFactory(name="Summer walk")
    BadgeMetaFactory(name="Winter run")

    answer = browser.get(f"{LOG}badges/", {"badge": "walk\0"})

    assert '<option value="Summer walk">Live</option>' in answer.text
    assert "Winter run" not in answer.text


def test_a_bounded_search_shows_its_progress(browser, integrator, member_care):
    old = RequestLogFactory(integrator=integrator, refused=True, code=1, received_at=NOW)
    refused_requests(sum(BATCHES), code=1, user=member_care, received_at=NOW + timedelta(days=1))
    asked = {"code": "1", "actor": f"integrator:{integrator.pk}"}

    first = browser.get(LOG, asked)
    second = browser.get(link(first, "next"))

    assert "Nothing found so far" in first.text
    assert "Searched back to" in first.text
    assert "16 Mar 2026" in first.text
    assert "Search older entries" in first.text
    assert [row.pk for row in second.context["rows"]] == [old.pk]


class TestCounts:
    def facets(self, browser, **query):
        counts = browser.get(LOG, query).context["counts"]
        return {
            str(facet.label): {kind.label: kind.number for kind in facet.kinds}
            for facet in counts.facets
        }

    @pytest.fixture
    def counted(self, integrator):
        """Create API requests of today, three accepted and two refused, and lists at the desk."""
        now = timezone.now()
        api = {"channel": Channel.API, "integrator": integrator, "received_at": now}
        RequestLogFactory.create_batch(3, **api)
        RequestLogFactory.create_batch(2, refused=True, **api)
        desk = {"channel": Channel.MEMBERCARE, "operation": Operation.EARN_BULK}
        RequestLogFactory(received_at=now, badge=BadgeMetaFactory(), **desk)
        RequestLogFactory(received_at=now - timedelta(days=40), **desk)
        summaries.catch_up()

    def test_counts_of_requests_are_of_the_last_30_days(self, browser, counted):
        facets = self.facets(browser)

        assert facets["Outcome"] == {"Accepted": 4, "Refused": 2}
        assert facets["Channel"] == {"API": 5, "Staff desk": 1}
        assert facets["Operation"] == {"Issue a badge": 5, "Issue a badge to many": 1}
        assert facets["Code"] == {"815 The badge is inactive or has not begun.": 2}

    def test_counts_of_requests_follow_the_filters(self, browser, counted, integrator):
        since = f"{timezone.now() - timedelta(days=50):%Y-%m-%d}"

        assert self.facets(browser, since=since)["Channel"]["Staff desk"] == 2
        assert self.facets(browser, outcome="REFUSED")["Channel"] == {"API": 2}
        assert self.facets(browser, outcome="REFUSED")["Outcome"] == {"Accepted": 4, "Refused": 2}
        actor = f"integrator:{integrator.pk}"
        assert self.facets(browser, actor=actor)["Outcome"] == {"Accepted": 3, "Refused": 2}
        badge_id = RequestLog.objects.get(badge__isnull=False).badge_id
        assert self.facets(browser, badge=badge_id)["Outcome"] == {"Accepted": 1}

    def test_counts_of_requests_match_their_lists(self, browser, counted):
        page = browser.get(LOG)

        for facet in page.context["counts"].facets:
            for kind in facet.kinds:
                query = f"{kind.query}&since={timezone.now() - timedelta(days=29):%Y-%m-%d}"
                assert len(browser.get(f"{LOG}?{query}").context["rows"]) == kind.number
        assert "(UTC). Updated every few seconds." in page.text

    def test_counts_of_requests_are_hidden_for_uncounted_filters(self, browser, counted, auditor):
        for asked in ({"customer_id": "7"}, {"request_id": "x"}, {"actor": f"user:{auditor.pk}"}):
            assert browser.get(LOG, asked).context["counts"] is None

    def test_counts_of_requests_reach_back_92_days_at_most(self, browser):
        counts = browser.get(LOG, {"since": "2020-01-01"}).context["counts"]

        assert counts.last - counts.first == timedelta(days=91)
        assert not DailyCount.objects.exists()


class TestTail:
    def test_the_tail_of_requests_is_the_newest_page_after_a_change(self, browser):
        seen, new = RequestLogFactory(), RequestLogFactory()

        answer = browser.get(TAIL, {"seen": seen.pk})

        assert f'id="request-{new.pk}"' in answer.text
        assert f'id="request-{seen.pk}"' in answer.text
        assert answer.text.count('class="ledger-new"') == 1
        assert "1 new request" in answer.text
        assert f"seen={new.pk}" in answer.text
        assert "<html" not in answer.text

    def test_the_tail_of_requests_has_the_links_of_the_page(self, browser):
        seen, *_more = RequestLogFactory.create_batch(PAGE_SIZE + 1)

        answer = browser.get(TAIL, {"seen": seen.pk, "outcome": "ACCEPTED"})

        assert link(answer, "next") == link(browser.get(LOG, {"outcome": "ACCEPTED"}), "next")
        assert "50 new requests" in answer.text

    @pytest.mark.parametrize("seen", ["", "x", "²", "-1", "9" * 30])
    def test_the_tail_of_requests_is_empty_for_invalid_parameters(self, browser, seen):
        RequestLogFactory()

        assert browser.get(TAIL, {"seen": seen}).status_code == 204

    def test_the_tail_of_requests_is_empty_without_new_matches(self, browser):
        seen = RequestLogFactory(refused=True)
        RequestLogFactory()

        answer = browser.get(TAIL, {"seen": seen.pk, "outcome": "REFUSED"})

        assert (answer.status_code, answer.content) == (204, b"")

    def test_the_tail_of_requests_is_polled_only_from_the_newest_page(self, browser):
        RequestLogFactory.create_batch(PAGE_SIZE + 1)
        first = browser.get(LOG, {"outcome": "ACCEPTED"})

        assert f"{TAIL}?outcome=ACCEPTED&amp;seen={RequestLog.objects.first().pk}" in first.text
        assert "data-ledger-live" not in browser.get(link(first, "next")).text


def test_the_query_count_of_the_request_list_is_constant_without_counting(browser):
    everything = {
        "outcome": "REFUSED",
        "code": "815",
        "operation": "EARN",
        "channel": "API",
        "since": "2026-03-01",
        "until": "2026-04-01",
    }
    queries = []
    for count in (1, PAGE_SIZE + 1):
        for _number in range(count):
            row = RequestLogFactory(
                integrator=IntegratorFactory(),
                channel=Channel.API,
                badge=BadgeMetaFactory(),
                refused=True,
            )
        actor = f"integrator:{row.integrator_id}"
        asked = everything | {"actor": actor, "badge": row.badge_id, "older": row.pk + 1}
        browser.get(LOG)
        for query in ({}, asked):
            with CaptureQueriesContext(connection) as asked_for:
                browser.get(LOG, query)
            queries.append(len(asked_for))
            sql = [each["sql"].upper() for each in asked_for]
            assert not [each for each in sql if "COUNT(" in each or "OFFSET" in each]
            assert not [each for each in sql if "LIKE" in each and "BADGES_BADGEMETA" not in each]

    assert queries[0] == queries[2] <= 15
    assert queries[1] == queries[3] <= 15
