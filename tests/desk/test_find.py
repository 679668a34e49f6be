"""One box for everything: what a text leads to, who sees what, and what it never gives away."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from badges.desk.find import LAST_ISSUED
from badges.models import Operation, Owner
from tests.factories import (
    NOW,
    BadgeMetaFactory,
    ClaimFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

FIND = "/desk/find/"
DAY = timedelta(days=1)


def looked_for(client, text):
    """Return where the browser ends, and what it shows there."""
    response = client.post(FIND, {"text": text}, follow=True)
    return response.request["PATH_INFO"], response.content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [("MemberCare", 200), ("Supervisor", 200), ("Auditor", 200), (None, 403)]
)
def test_the_box_is_open_to_those_who_may_see_customers(client, role, status):
    client.force_login(UserFactory(role=role))

    assert client.get(FIND).status_code == status
    assert client.post(FIND, {"text": "1001"}).status_code in (status, 302 if role else 403)


def test_a_customer_id_leads_to_the_customer(desk):
    EarnedBadgeFactory(customer_id=1001)

    assert looked_for(desk, " 1001 ")[0] == "/desk/customers/1001/"


def test_a_number_nobody_heard_of_leads_to_a_customer_without_records(desk):
    path, page = looked_for(desk, "4711")

    assert path == "/desk/customers/4711/"
    assert "Nothing is recorded of this customer yet" in page


@pytest.mark.parametrize("factory", [EarnedBadgeFactory, EnrolmentFactory])
@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_the_id_of_a_fact_leads_to_its_place_in_the_timeline(desk, factory, spelling):
    fact = factory(customer_id=1001)

    response = desk.post(FIND, {"text": spelling(fact.pk)})

    page, anchor = response["Location"].split("#")
    assert page.startswith(f"/desk/customers/1001/badges/{fact.badge_id}/")
    assert f'id="{anchor}"' in desk.get(page).content.decode()


def test_a_request_id_leads_to_the_accepted_request(desk):
    RequestLogFactory(request_id="9f3c", refused=True)
    accepted = RequestLogFactory(request_id="9f3c")
    RequestLogFactory(request_id="9f3c", refused=True)

    assert looked_for(desk, "9f3c")[0] == request_page(accepted)


def test_a_request_id_that_was_only_refused_leads_to_the_newest_attempt(desk):
    RequestLogFactory(request_id="9f3c", refused=True)
    newest = RequestLogFactory(request_id="9f3c", refused=True)

    assert looked_for(desk, "9f3c")[0] == request_page(newest)


def test_a_number_that_is_a_customer_and_a_request_shows_both(desk):
    EarnedBadgeFactory(customer_id=2132)
    request = RequestLogFactory(request_id="2132")

    path, page = looked_for(desk, "2132")

    assert path == FIND
    assert 'href="/desk/customers/2132/"' in page
    assert f'href="{request_page(request)}"' in page


def test_a_reference_leads_to_the_badge_that_is_claimed_by_it(desk):
    badge = BadgeMetaFactory(claimed=[Owner("Milestones", "spring-26")])

    assert looked_for(desk, "spring-26")[0] == badge_page(badge)


def test_a_reference_of_several_badges_shows_them_all(desk):
    names = ["Spring", "Summer"]
    for name in names:
        ClaimFactory(badge=BadgeMetaFactory(name=name), reference_id="season")

    path, page = looked_for(desk, "season")

    assert path == FIND
    assert all(name in page for name in names)


def test_a_claim_that_was_given_up_is_not_found(desk):
    ClaimFactory(reference_id="season", active=False)

    assert "Nothing found" in looked_for(desk, "season")[1]


def test_a_reference_leads_to_what_was_issued_last_for_it(desk):
    season, other = (ClaimFactory(reference_id=reference) for reference in ("season", "other"))
    facts = [
        EarnedBadgeFactory(
            badge=season.badge, reference_id=reference, customer_id=customer, earned_at=earned_at
        )
        for customer, reference, earned_at in [
            (1, "season", NOW - 2 * DAY),
            (2, "season", NOW - DAY),
            (3, "other", NOW),
        ]
    ]

    path, page = looked_for(desk, "season")

    assert path == FIND
    assert badge_page(season.badge) in page
    assert "issued last for Loyalty season, to customer 2" in page
    assert facts[1].pk in page
    assert other.badge.name not in page


def test_what_was_issued_for_a_claim_before_it_was_given_up_is_found(desk):
    claim = ClaimFactory(reference_id="season", active=False)
    fact = EarnedBadgeFactory(badge=claim.badge, reference_id="season")
    for _number in range(LAST_ISSUED):
        EarnedBadgeFactory(badge=claim.badge, earned_at=timezone.now() + DAY)

    path, page = looked_for(desk, "season")

    assert path == f"/desk/customers/{fact.customer_id}/badges/{claim.badge_id}/"
    assert fact.pk in page


def test_a_reference_that_issued_nothing_lately_leads_to_its_badge_alone(desk):
    claim = ClaimFactory(reference_id="season")
    EarnedBadgeFactory(badge=claim.badge, reference_id="season", earned_at=NOW - DAY)
    for _number in range(LAST_ISSUED):
        EarnedBadgeFactory(badge=claim.badge, earned_at=NOW)

    assert looked_for(desk, "season")[0] == badge_page(claim.badge)


def test_the_reference_of_the_desk_leads_to_the_last_request_of_its_actor(desk, member_care):
    older, newest = (
        RequestLogFactory(channel="MEMBERCARE", user=member_care) for _number in range(2)
    )
    RequestLogFactory(channel="COMMAND", user=member_care)

    assert looked_for(desk, "maria")[0] == request_page(newest)
    assert request_page(older) != request_page(newest)


def test_the_reference_of_an_import_is_its_request(desk):
    request = RequestLogFactory(request_id="import-7", operation=Operation.IMPORT_EARNED)
    EarnedBadgeFactory(request=request, owner_type="HistoricalImport", reference_id="import-7")

    assert looked_for(desk, "import-7")[0] == request_page(request)


def test_a_part_of_a_name_leads_to_its_only_badge(desk):
    badge = BadgeMetaFactory(name="Early bird")

    assert looked_for(desk, "EARLY")[0] == badge_page(badge)


def test_a_part_of_several_names_shows_them_and_says_when_there_are_more(desk):
    for number in range(9):
        BadgeMetaFactory(name=f"Explorer {number}")

    page = looked_for(desk, "explorer")[1]

    assert "Explorer 7" in page
    assert "Explorer 8" not in page
    assert "There are more" in page


def test_a_badge_id_leads_to_the_badge(desk):
    badge = BadgeMetaFactory()

    assert looked_for(desk, badge.pk)[0] == badge_page(badge)


def test_a_known_id_is_not_mixed_with_names_that_hold_it(desk):
    EarnedBadgeFactory(customer_id=2026, badge=BadgeMetaFactory(name="Best of 2026"))

    assert looked_for(desk, "2026")[0] == "/desk/customers/2026/"


def test_a_number_nobody_heard_of_is_shown_beside_names_that_hold_it(desk):
    BadgeMetaFactory(name="Best of 2026")

    page = looked_for(desk, "2026")[1]

    assert "Best of 2026" in page
    assert 'href="/desk/customers/2026/"' in page


@pytest.mark.parametrize("text", ["f" * 24, "nothing like it", "9" * 30, "-1", "0", "\u0661", "%"])
def test_what_is_not_found_says_where_it_was_looked_for(desk, text):
    BadgeMetaFactory(name="Welcome")

    path, page = looked_for(desk, text)

    assert path == FIND
    assert f"Nothing found for “{text}”" in page
    assert "requests, by their whole id" in page


@pytest.mark.parametrize("text", ["", " ", "a\0b", "x" * 256])
def test_what_is_no_text_is_told_next_to_the_box(desk, text):
    response = desk.post(FIND, {"text": text})

    assert response.status_code == 200
    assert list(response.context["find_form"].errors) == ["text"]
    assert 'aria-invalid="true"' in response.content.decode()


def test_what_is_looked_for_stands_in_no_address(desk):
    BadgeMetaFactory(name="Best of 2026")

    response = desk.post(FIND, {"text": "2026"})

    assert response["Location"] == FIND
    assert "Best of 2026" in desk.get(FIND).content.decode()


def test_what_was_looked_for_is_escaped(desk):
    assert "<script>x" not in looked_for(desk, "<script>x")[1]


def test_a_role_finds_only_what_it_may_see(client):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_earnedbadge"))
    client.force_login(user)
    BadgeMetaFactory(name="Hidden badge", claimed=[Owner("Loyalty", "hidden-1")])
    RequestLogFactory(request_id="hidden-2")
    hidden = EnrolmentFactory()

    for text in ("hidden-1", "hidden-2", "Hidden badge", hidden.pk):
        assert "Nothing found" in looked_for(client, text)[1]


def test_every_page_of_the_desk_has_the_box(desk):
    page = desk.get("/desk/issue/").content.decode()

    assert 'action="/desk/find/"' in page
    assert "data-desk-find" in page


def test_the_box_is_hidden_from_those_who_may_not_use_it(client):
    client.force_login(UserFactory())

    assert "data-desk-find" not in client.get(FIND).content.decode()


@pytest.mark.parametrize("text", ["1001", "f" * 24, "explorer", "123694", "maria"])
def test_a_search_asks_the_ledgers_by_whole_values_alone(desk, text):
    EarnedBadgeFactory(badge=BadgeMetaFactory(claimed=True))
    with CaptureQueriesContext(connection) as queries:
        desk.post(FIND, {"text": text})

    asked = [query["sql"] for query in queries.captured_queries]
    assert len(asked) <= 15 + 2  # and the savepoint in which the session is kept
    assert not [sql for sql in asked if "LIKE" in sql and "badges_badgemeta" not in sql]


def request_page(request):
    return reverse("desk:request", args=[request.pk])


def badge_page(badge):
    return reverse("desk:definition", args=[badge.pk])
