"""The search: the target page of each text, permissions, and hidden data."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from badges.desk.search.whole_ids import MAX_ISSUED
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
# The tables that are searched by a part of a name; the ledgers are not among them.
NAMED = ("badges_badgemeta", "badges_userkey", "badges_integrator")


def looked_for(client, text):
    """Search for a text. Return the path and the content of the final page."""
    response = client.post(FIND, {"text": text}, follow=True)
    return response.request["PATH_INFO"], response.content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [("MemberCare", 200), ("Supervisor", 200), ("Auditor", 200), (None, 403)]
)
def test_the_search_box_requires_the_permission_to_view_customers(client, role, status):
    client.force_login(UserFactory(role=role))

    assert client.get(FIND).status_code == status
    assert client.post(FIND, {"text": "1001"}).status_code in (status, 302 if role else 403)


def test_a_customer_id_finds_the_customer(desk):
    EarnedBadgeFactory(customer_id=1001)

    assert looked_for(desk, " 1001 ")[0] == "/desk/customers/1001/"


def test_an_unused_number_opens_a_customer_without_records(desk):
    path, page = looked_for(desk, "4711")

    assert path == "/desk/customers/4711/"
    assert "There is no record of this customer yet" in page


@pytest.mark.parametrize("factory", [EarnedBadgeFactory, EnrolmentFactory])
@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_the_id_of_a_fact_finds_its_timeline_entry(desk, factory, spelling):
    fact = factory(customer_id=1001)

    response = desk.post(FIND, {"text": spelling(fact.pk)})

    page, anchor = response["Location"].split("#")
    assert page.startswith(f"/desk/customers/1001/badges/{fact.badge_id}/")
    assert f'id="{anchor}"' in desk.get(page).content.decode()


def test_a_request_id_finds_the_accepted_request(desk):
    RequestLogFactory(request_id="9f3c", refused=True)
    accepted = RequestLogFactory(request_id="9f3c")
    RequestLogFactory(request_id="9f3c", refused=True)

    assert looked_for(desk, "9f3c")[0] == request_page(accepted)


def test_a_refused_request_id_finds_the_newest_attempt(desk):
    RequestLogFactory(request_id="9f3c", refused=True)
    newest = RequestLogFactory(request_id="9f3c", refused=True)

    assert looked_for(desk, "9f3c")[0] == request_page(newest)


def test_a_number_of_a_customer_and_a_request_finds_both(desk):
    EarnedBadgeFactory(customer_id=2132)
    request = RequestLogFactory(request_id="2132")

    path, page = looked_for(desk, "2132")

    assert path == FIND
    assert 'href="/desk/customers/2132/"' in page
    assert f'href="{request_page(request)}"' in page


def test_a_reference_finds_the_badge_that_it_claims(desk):
    badge = BadgeMetaFactory(claimed=[Owner("Milestones", "spring-26")])

    assert looked_for(desk, "spring-26")[0] == badge_page(badge)


def test_a_reference_finds_several_badges(desk):
    names = ["Spring", "Summer"]
    for name in names:
        ClaimFactory(badge=BadgeMetaFactory(name=name), reference_id="season")

    path, page = looked_for(desk, "season")

    assert path == FIND
    assert all(name in page for name in names)


def test_a_revoked_claim_is_not_found(desk):
    ClaimFactory(reference_id="season", active=False)

    assert "Nothing found" in looked_for(desk, "season")[1]


def test_a_reference_finds_the_badge_last_issued_for_it(desk):
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


def test_a_reference_of_a_revoked_claim_finds_badges_issued_for_it(desk):
    claim = ClaimFactory(reference_id="season", active=False)
    fact = EarnedBadgeFactory(badge=claim.badge, reference_id="season")
    for _number in range(MAX_ISSUED):
        EarnedBadgeFactory(badge=claim.badge, earned_at=timezone.now() + DAY)

    path, page = looked_for(desk, "season")

    assert path == f"/desk/customers/{fact.customer_id}/badges/{claim.badge_id}/"
    assert fact.pk in page


def test_a_reference_without_recently_issued_badges_finds_only_its_badge(desk):
    claim = ClaimFactory(reference_id="season")
    EarnedBadgeFactory(badge=claim.badge, reference_id="season", earned_at=NOW - DAY)
    for _number in range(MAX_ISSUED):
        EarnedBadgeFactory(badge=claim.badge, earned_at=NOW)

    assert looked_for(desk, "season")[0] == badge_page(claim.badge)


def test_the_name_of_a_colleague_finds_all_their_requests(desk, member_care):  # F9
    response = desk.post(FIND, {"text": "MARIA"})

    assert response["Location"] == f"/desk/requests/?actor=user%3A{member_care.pk}"
    assert desk.get(response["Location"]).status_code == 200


def test_the_name_of_a_colleague_finds_their_page_with_permission(client, member_care):
    client.force_login(UserFactory(is_superuser=True))

    response = client.post(FIND, {"text": "maria"})

    assert response["Location"] == reverse("desk:person", args=[member_care.pk])


@pytest.mark.parametrize(
    "text",
    ["#1703", "customer 1703", "Customer #1703", "Kunde 1703", "KUNDENNUMMER: 1703", "\uff11703"],
)
def test_a_customer_is_found_in_any_spelling_of_the_number(desk, text):  # F10
    EarnedBadgeFactory(customer_id=1703)

    assert looked_for(desk, text)[0] == "/desk/customers/1703/"


@pytest.mark.parametrize("text", ["green-bags", "GREEN-BAGS", "#Green-Bags", "gr\u00e9en-bags"])
def test_a_reference_is_found_in_any_spelling(desk, text):  # F10
    claim = ClaimFactory(reference_id="GREEN-BAGS")

    assert looked_for(desk, text)[0] == badge_page(claim.badge)


def test_a_request_id_is_found_in_small_letters_and_capitals(desk):  # F10
    accepted = RequestLogFactory(request_id="ab-12")

    assert looked_for(desk, "AB-12")[0] == request_page(accepted)


def test_the_title_of_a_page_finds_the_page(desk):
    assert looked_for(desk, "request log")[0] == "/desk/requests/"


def test_the_title_of_a_page_without_permission_finds_nothing(desk):
    assert "Nothing found" in looked_for(desk, "new badge")[1]


def test_the_reference_of_an_import_finds_its_request(desk):
    request = RequestLogFactory(request_id="import-7", operation=Operation.IMPORT_EARNED)
    EarnedBadgeFactory(request=request, owner_type="HistoricalImport", reference_id="import-7")

    assert looked_for(desk, "import-7")[0] == request_page(request)


def test_a_part_of_a_name_finds_its_only_badge(desk):
    badge = BadgeMetaFactory(name="Early bird")

    assert looked_for(desk, "EARLY")[0] == badge_page(badge)


def test_a_part_of_several_names_finds_them_up_to_a_maximum(desk):
    for number in range(9):
        BadgeMetaFactory(name=f"Explorer {number}")

    page = looked_for(desk, "explorer")[1]

    assert "Explorer 7" in page
    assert "Explorer 8" not in page
    assert "There are more" in page


def test_a_badge_id_finds_the_badge(desk):
    badge = BadgeMetaFactory()

    assert looked_for(desk, badge.pk)[0] == badge_page(badge)


def test_an_existing_id_is_not_mixed_with_names_that_contain_it(desk):
    EarnedBadgeFactory(customer_id=2026, badge=BadgeMetaFactory(name="Best of 2026"))

    assert looked_for(desk, "2026")[0] == "/desk/customers/2026/"


def test_an_unused_number_is_shown_beside_names_that_contain_it(desk):
    BadgeMetaFactory(name="Best of 2026")

    page = looked_for(desk, "2026")[1]

    assert "Best of 2026" in page
    assert 'href="/desk/customers/2026/"' in page


@pytest.mark.parametrize("text", ["f" * 24, "nothing like it", "9" * 30, "-1", "0", "\u0661", "%"])
def test_a_search_without_results_lists_the_searched_fields(desk, text):
    BadgeMetaFactory(name="Welcome")

    path, page = looked_for(desk, text)

    assert path == FIND
    assert f"Nothing found for “{text}”" in page
    assert "requests, by their whole id" in page


@pytest.mark.parametrize("text", ["", " ", "a\0b", "x" * 256])
def test_an_invalid_search_text_is_a_field_error(desk, text):
    response = desk.post(FIND, {"text": text})

    assert response.status_code == 200
    assert list(response.context["find_form"].errors) == ["text"]
    assert 'aria-invalid="true"' in response.content.decode()


def test_the_search_text_is_not_in_the_address(desk):
    BadgeMetaFactory(name="Best of 2026")

    response = desk.post(FIND, {"text": "2026"})

    assert response["Location"] == FIND
    assert "Best of 2026" in desk.get(FIND).content.decode()


def test_the_search_text_is_escaped(desk):
    assert "<script>x" not in looked_for(desk, "<script>x")[1]


def test_a_role_finds_only_permitted_rows(client):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_earnedbadge"))
    client.force_login(user)
    BadgeMetaFactory(name="Hidden badge", claimed=[Owner("Loyalty", "hidden-1")])
    RequestLogFactory(request_id="hidden-2")
    hidden = EnrolmentFactory()

    for text in ("hidden-1", "hidden-2", "Hidden badge", hidden.pk):
        assert "Nothing found" in looked_for(client, text)[1]


@pytest.mark.parametrize(
    "address",
    ["/desk/", "/desk/issue/", "/admin/badges/claim/", "/admin/password_change/", FIND],
)
def test_every_page_has_one_search_box_and_no_other_palette(desk, address):  # F7 F8
    page = desk.get(address).content.decode()

    assert page.count("data-desk-find") == 1
    assert 'action="/desk/find/"' in page
    assert "searchCommand" not in page


def test_the_search_box_is_hidden_without_permission(client):
    client.force_login(UserFactory())

    assert "data-desk-find" not in client.get(FIND).content.decode()


@pytest.mark.parametrize("text", ["1001", "f" * 24, "explorer", "123694", "maria"])
def test_a_search_queries_the_ledgers_only_by_complete_values(desk, text):
    EarnedBadgeFactory(badge=BadgeMetaFactory(claimed=True))
    with CaptureQueriesContext(connection) as queries:
        desk.post(FIND, {"text": text})

    asked = [query["sql"] for query in queries.captured_queries]
    assert len(asked) <= 15 + 2  # plus the savepoint of the session
    assert not [sql for sql in asked if "LIKE" in sql and not any(each in sql for each in NAMED)]


def request_page(request):
    return reverse("desk:request", args=[request.pk])


def badge_page(badge):
    return reverse("desk:definition", args=[badge.pk])
