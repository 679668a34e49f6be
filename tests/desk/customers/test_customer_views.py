"""The page of a customer as a list, the timeline over all badges, and expiries in words."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges.models import CustomField, CustomValue, Operation, RequestLog
from badges.services.customers.revoke import revoke_many
from badges.services.earning.earn import earn_badges
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import (
    CUSTOMER,
    LOYALTY,
    NOW,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

PAGE = f"/desk/customers/{CUSTOMER}/"
LAYOUT = f"{PAGE}layout/"
TIMELINE = f"{PAGE}timeline/"


@pytest.fixture
def forever(earn):
    """Issue a badge that never expires."""
    badge = BadgeMetaFactory(name="Forever", claimed=True, description="For ever and a day.")
    return earn(badge)


def lines_of(page):
    return [(entry.kind_pill.label, entry.badge.name) for entry in page.context["page"].entries]


class TestList:
    def test_a_list_has_one_line_per_badge_and_is_remembered(self, desk, live_badge):
        assert desk.get(f"{PAGE}?tab=issue").context["layout"] == "cards"

        answer = desk.post(LAYOUT, {"layout": "list", "tab": "issue"})

        assert answer["Location"] == f"{PAGE}?tab=issue"
        page = desk.get(f"{PAGE}?tab=issue")
        assert page.context["layout"] == "list"
        assert page.content.decode().count("data-desk-acts") == len(page.context["cards"]) == 1
        assert "desk-cards" not in page.content.decode()

    def test_the_choice_is_that_of_one_user(self, desk, client, live_badge):
        desk.post(LAYOUT, {"layout": "list"})
        client.force_login(UserFactory(role="Auditor"))

        assert client.get(PAGE).context["layout"] == "cards"

    @pytest.mark.parametrize("layout", ["cards", "other", ""])
    def test_any_other_choice_shows_cards(self, desk, layout):
        desk.post(LAYOUT, {"layout": "list"})
        desk.post(LAYOUT, {"layout": layout})

        assert desk.get(PAGE).context["layout"] == "cards"

    def test_the_list_has_the_actions_of_the_cards(self, desk, forever, live_badge):
        desk.post(LAYOUT, {"layout": "list"})

        issued = desk.get(f"{PAGE}?tab=issued").content.decode()
        to_issue = desk.get(f"{PAGE}?tab=issue").content.decode()

        assert "Issue again" in issued
        assert f'value="{forever.pk}"' in issued  # Revoke
        assert f'name="badge_id" value="{live_badge.pk}"' in to_issue

    def test_a_list_reads_no_more_than_cards(self, desk, django_assert_max_num_queries):
        BadgeMetaFactory.create_batch(3)
        desk.post(LAYOUT, {"layout": "list"})
        desk.get(f"{PAGE}?tab=issue")

        with django_assert_max_num_queries(25):
            desk.get(f"{PAGE}?tab=issue")

    def test_the_current_list_has_the_focus(self, desk, live_badge):
        """The buttons of the badges are one key away (task 3 of the journeys)."""
        page = desk.get(f"{PAGE}?tab=issue").content.decode()

        assert 'aria-current="page" autofocus aria-keyshortcuts="2"' in page


class TestTimeline:
    def test_it_has_the_entries_of_all_badges_newest_first(self, desk, earn, desk_origin):
        first, second = BadgeMetaFactory(name="A", claimed=True), BadgeMetaFactory(name="B")
        EnrolmentFactory(badge=BadgeMetaFactory(name="C", enrolled=True), customer_id=CUSTOMER)
        earn(first)
        with refused(810):
            earn(second)
        EarnedBadgeFactory(badge=second, customer_id=7)

        page = desk.get(TIMELINE)

        assert sorted(lines_of(page)) == [("Enrolled", "C"), ("Issued", "A"), ("Refused", "B")]
        times = [entry.cursor.at for entry in page.context["page"].entries]
        assert times == sorted(times, reverse=True)

    def test_it_has_the_items_of_lists(self, desk, api_origin):
        badge = BadgeMetaFactory(name="A", claimed=True, limits=[])
        earn_badges(
            origin=api_origin,
            owner=LOYALTY,
            request_id="list",
            badge_id=badge.pk,
            customer_ids=[CUSTOMER, 2],
            now=NOW,
        )

        assert lines_of(desk.get(TIMELINE)) == [("Issued", "A")]

    def test_older_entries_follow_without_gaps(self, desk, monkeypatch, earn):
        monkeypatch.setattr("badges.desk.customers.timeline.PAGE_SIZE", 2)
        for name in "ABC":
            earn(BadgeMetaFactory(name=name, claimed=True))

        first = desk.get(TIMELINE)
        second = desk.get(f"{TIMELINE}?from={first.context['page'].older}")

        found = [name for _kind, name in [*lines_of(first), *lines_of(second)]]
        assert sorted(found) == ["A", "B", "C"]
        assert second.context["page"].older is None

    def test_a_customer_with_too_much_is_led_to_the_history(self, desk, monkeypatch, earn):
        monkeypatch.setattr("badges.paging.MAX_LISTED", 1)
        earn(BadgeMetaFactory(name="A", claimed=True))

        page = desk.get(TIMELINE).content.decode()

        assert f"/desk/history/?customer_id={CUSTOMER}" in page

    def test_an_empty_timeline_says_so(self, desk):
        assert "never given a badge" in desk.get(TIMELINE).content.decode()

    def test_the_number_of_queries_is_constant(self, desk, earn):
        counts = []
        for _round in range(2):
            for _badge in range(3):
                earn(BadgeMetaFactory(claimed=True))
            desk.get(TIMELINE)
            with CaptureQueriesContext(connection) as counted:
                desk.get(TIMELINE)
            counts.append(len(counted))
        assert counts[0] == counts[1]


class TestExpiry:
    """F17."""

    def test_a_badge_that_never_expires_says_so_everywhere(self, desk, forever, receipt_of):
        pages = [
            f"{PAGE}?tab=issued",
            f"{PAGE}badges/{forever.badge_id}/",
            TIMELINE,
            receipt_of(forever),
        ]
        for page in pages:
            text = desk.get(page).content.decode()
            assert "ever expires" in text, page
            assert "2126" not in text, page

    def test_a_card_says_that_a_badge_will_never_expire(self, desk):
        BadgeMetaFactory(name="Forever")

        assert "never expires" in desk.get(f"{PAGE}?tab=issue").content.decode()

    def test_the_panel_says_that_a_badge_will_never_expire(self, desk, filled):
        page = desk.post("/desk/issue/preview/", filled(), headers={"HX-Request": "true"})

        assert "never expires" in page.content.decode()

    def test_other_expiries_are_dates(self, desk, earn):
        badge = BadgeMetaFactory(claimed=True, earned_expiry_kind="WITH_BADGE_META")

        fact = earn(badge)

        assert not type(fact).never_expires.fget(fact)
        assert "ever expires" not in desk.get(f"{PAGE}?tab=issued").content.decode()


class TestDescription:
    @pytest.fixture
    def terms(self, forever):
        field = CustomField.objects.create(name="Terms", data_type="STRING")
        CustomValue.objects.create(badge=forever.badge, field=field, value="Once a year")

    def test_description_and_terms_are_read_where_staff_need_them(
        self, desk, forever, terms, receipt_of, filled
    ):
        panel = desk.post(
            "/desk/issue/preview/",
            filled(badge_id=forever.badge_id),
            headers={"HX-Request": "true"},
        ).content.decode()
        pages = [f"{PAGE}?tab=issued", f"{PAGE}badges/{forever.badge_id}/", receipt_of(forever)]
        for text in [panel, *(desk.get(page).content.decode() for page in pages)]:
            assert "For ever and a day." in text
            assert "Once a year" in text


class TestTextForTheCustomer:
    def test_a_receipt_has_a_text_in_the_language_of_the_page(self, desk, forever, receipt_of):
        assert desk.get(receipt_of(forever)).context["text"] == (
            "You have received the badge “Forever”. It never expires. "
            "Thank you for being our customer!"
        )
        german = desk.get(receipt_of(forever), headers={"Accept-Language": "de"})
        assert german.context["text"].startswith("Sie haben das Badge „Forever“ erhalten.")

    def test_the_text_has_the_day_of_the_expiry(self, desk, earn, receipt_of):
        badge = BadgeMetaFactory(claimed=True, earned_expiry_kind="WITH_BADGE_META")

        text = desk.get(receipt_of(earn(badge))).context["text"]

        assert f"It is valid until {badge.expires_at.day} {badge.expires_at:%b %Y}." in text

    def test_a_revoked_badge_has_no_text(self, desk, forever, receipt_of):
        revoke_many(
            origin=Origin(channel="COMMAND"), request_id="r", earned_badge_ids=[forever.pk], now=NOW
        )

        assert desk.get(receipt_of(forever)).context["text"] == ""
        assert RequestLog.objects.filter(operation=Operation.REVOKE_EARN).exists()
