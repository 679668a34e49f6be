"""The page of a customer: four lists of badges, the text of each card, and the buttons."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges.models import (
    BadgeImage,
    CustomField,
    CustomValue,
    EarnedBadge,
    Enrolment,
    Limit,
    LimitKind,
    LimitLevel,
    RequestLog,
    Unit,
)
from badges.services.customers.limits import used_of_badges
from badges.services.earning.earn import earn_badge
from badges.services.earning.preview import preview_earn, preview_earns
from tests.factories import (
    LONG_AGO,
    NOW,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

CUSTOMER = "/desk/customers/1001/"
OVER = LONG_AGO.replace(year=2021)
ONE_EACH = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)
ONE_FOR_ALL = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 1)
EACH_KIND = [
    Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 3),
    Limit(LimitLevel.CUSTOMER, LimitKind.ROLLING_WINDOW, 2, Unit.DAYS, 30),
    Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 2, Unit.WEEKS, 1, 6),
    Limit(LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 50, Unit.MONTHS, 1),
    Limit(LimitLevel.BADGE, LimitKind.ROLLING_WINDOW, 9, Unit.DAYS, 10),
]


@pytest.fixture
def badges_of_each_list(db):
    """Create one badge for each list of customer 1001, named after the list."""
    BadgeMetaFactory(name="Enrol me", enrolled=True)
    EarnedBadgeFactory(badge=BadgeMetaFactory(name="Held"))
    EarnedBadgeFactory(badge=BadgeMetaFactory(name="Lapsed"), expires_at=OVER)


def shown(client, tab=None):
    """Return the cards of a tab by the name of their badge."""
    response = client.get(CUSTOMER + (f"?tab={tab}" if tab else ""))
    return {card.badge.name: card for card in response.context["cards"]}


@pytest.mark.parametrize(
    ("role", "status"), [("MemberCare", 200), ("Supervisor", 200), ("Auditor", 200), (None, 403)]
)
def test_the_customer_page_requires_the_permission_to_view_issued_badges(client, role, status):
    client.force_login(UserFactory(role=role))

    assert client.get(CUSTOMER).status_code == status


@pytest.mark.parametrize("number", ["0", str(2**63), "9" * 5000, "-1", "abc"])
def test_an_invalid_customer_has_no_page(desk, number):
    assert desk.get(f"/desk/customers/{number}/").status_code == 404


@pytest.mark.parametrize(
    ("tab", "names"),
    [
        ("enrol", ["Enrol me"]),
        ("issue", ["Held", "Lapsed", "Enrol me"]),
        ("issued", ["Held"]),
        ("expired", ["Lapsed"]),
    ],
)
def test_each_tab_has_its_list(desk, badges_of_each_list, tab, names):
    assert list(shown(desk, tab)) == names


def test_the_tabs_have_counts(desk, badges_of_each_list):
    response = desk.get(CUSTOMER)

    counts = {tab.slug: count for tab, count in response.context["tabs"]}
    assert counts == {"enrol": 1, "issue": 2, "issued": 1, "expired": 1}


def test_badges_refused_by_a_limit_are_shown_and_not_counted(desk, desk_origin):
    """Each kind of limit is used up, by the customer or by another one."""
    kinds = {"Used up": [ONE_EACH], "Gone": [ONE_FOR_ALL], "Week": EACH_KIND[2:3]}
    kinds |= {"Days": [EACH_KIND[1]], "For all": [EACH_KIND[4]], "Left": EACH_KIND, "Free": []}
    for name, limits in kinds.items():
        badge = BadgeMetaFactory(name=name, limits=limits)
        times = 1 if limits == EACH_KIND or not limits else limits[0].max_earns
        for number in range(times):
            earn_badge(
                origin=desk_origin,
                request_id=f"{name}-{number}",
                customer_id=1002 if name in ("Gone", "For all") else 1001,
                badge_id=badge.pk,
            )
    BadgeMetaFactory(name="A to enrol", enrolled=True, limits=[ONE_EACH])

    for tab in ("issue", "issued"):
        response = desk.get(f"{CUSTOMER}?tab={tab}")
        counts = {each.slug: count for each, count in response.context["tabs"]}
        assert counts["issue"] == 2
    cards = shown(desk, "issue")
    can = [name for name, card in cards.items() if not card.refused]
    assert list(cards)[:2] == can == ["Free", "Left"]
    codes = {card.verdict.code for name, card in cards.items() if card.refused}
    assert (len(cards), codes) == (8, {2001, 2002, 811})


def test_customer_limits_are_per_customer(desk, desk_origin):
    badge = BadgeMetaFactory(limits=[ONE_EACH])
    earn_badge(origin=desk_origin, request_id="theirs", customer_id=1002, badge_id=badge.pk)

    counts = {tab.slug: count for tab, count in desk.get(CUSTOMER).context["tabs"]}

    assert counts["issue"] == 1


def test_the_heading_of_a_customer_has_totals_of_the_ledgers(desk):
    badge = BadgeMetaFactory()
    EarnedBadgeFactory.create_batch(2, badge=badge)
    EarnedBadgeFactory(badge=badge, revoked=True)
    EnrolmentFactory()
    EarnedBadgeFactory(customer_id=1002)

    totals = desk.get(CUSTOMER).context["totals"]

    assert [totals[key] for key in ("held", "issued", "revoked", "enrolments")] == [1, 3, 1, 1]


@pytest.mark.parametrize(("tab", "first"), [(None, "issue"), ("nonsense", "issue")])
def test_the_first_tab_without_badges_is_issue(desk, live_badge, tab, first):
    response = desk.get(CUSTOMER, {"tab": tab} if tab else {})

    assert response.context["tab"].slug == first


def test_the_first_tab_with_badges_is_issued(desk, badges_of_each_list):
    assert desk.get(CUSTOMER).context["tab"].slug == "issued"


@pytest.mark.parametrize(
    ("badge", "code"),
    [
        ({"inactive": True}, 815),
        ({"upcoming": True}, 815),
        ({"expired": True}, 816),
        ({"enrolled": True}, 811),
        ({"limits": [ONE_EACH]}, 2001),
        ({"limits": [ONE_FOR_ALL]}, 2002),
    ],
)
def test_a_badge_that_cannot_be_issued_shows_the_refusal_of_the_service(
    desk, desk_origin, badge, code
):
    badge = BadgeMetaFactory(**badge)
    if badge.limits.exists():
        earn_badge(
            origin=desk_origin,
            request_id="first",
            customer_id=1001 if code == 2001 else 1002,
            badge_id=badge.pk,
        )

    card = shown(desk, "issue")[badge.name]

    preview = preview_earn(origin=desk_origin, customer_ids=[1001], badge_id=badge.pk)
    assert card.verdict.code == preview.outcome.refusal.code == code
    assert f"Code {code}" in desk.get(f"{CUSTOMER}?tab=issue").content.decode()


def test_badges_that_cannot_be_issued_are_last(desk):
    BadgeMetaFactory(name="A retired", inactive=True)
    BadgeMetaFactory(name="B to enrol", enrolled=True)
    BadgeMetaFactory(name="Z open")

    page = desk.get(f"{CUSTOMER}?tab=issue").content.decode()

    places = [page.index(words) for words in ("Z open", "and why", "B to enrol", "A retired")]
    assert places == sorted(places)


@pytest.mark.parametrize("enrolled", [True, False])
def test_several_badges_have_the_same_verdicts_as_each_alone(desk_origin, enrolled):
    badges = [
        BadgeMetaFactory(limits=EACH_KIND),
        BadgeMetaFactory(limits=[ONE_EACH]),
        BadgeMetaFactory(limits=[ONE_FOR_ALL]),
        BadgeMetaFactory(enrolled=True, limits=EACH_KIND),
        BadgeMetaFactory(upcoming=True),
        BadgeMetaFactory(),
    ]
    if enrolled:
        EnrolmentFactory(badge=badges[3])
    for number, badge in enumerate(badges[:3]):
        earn_badge(
            origin=desk_origin,
            request_id=f"earn-{number}",
            customer_id=1001,
            badge_id=badge.pk,
            now=NOW,
        )
    definitions = [badge.definition() for badge in badges]

    used = used_of_badges(definitions, 1001, event_at=NOW, now=NOW)
    verdicts = preview_earns(
        origin=desk_origin, customer_id=1001, badges=definitions, used=used, now=NOW
    )

    for badge in badges:
        alone = preview_earn(origin=desk_origin, customer_ids=[1001], badge_id=badge.pk, now=NOW)
        assert summary(verdicts[badge.pk].outcome) == summary(alone.outcome)
        for limit, used in alone.used.items():
            assert verdicts[badge.pk].used[limit] == used


def summary(outcome):
    fact = outcome.fact
    return (
        outcome.refusal and outcome.refusal.code,
        fact and (fact.expires_at, fact.event_at, fact.enrolment_id),
    )


def test_the_customer_page_writes_nothing(desk, badges_of_each_list):
    before = [model.objects.count() for model in (EarnedBadge, Enrolment, RequestLog)]

    with CaptureQueriesContext(connection) as queries:
        desk.get(f"{CUSTOMER}?tab=issue")

    asked = [query["sql"] for query in queries.captured_queries]
    assert all(sql.startswith(("SELECT", "(SELECT")) for sql in asked)
    assert [model.objects.count() for model in (EarnedBadge, Enrolment, RequestLog)] == before


def test_a_card_shows_all_fields_of_its_badge(desk, settings):
    settings.PICTURE_HOSTS = ["a.example"]
    badge = BadgeMetaFactory(
        name="Rich", claimed=True, limits=EACH_KIND, owners=["Loyalty", "Journeys"]
    )
    field = CustomField.objects.create(name="Terms", data_type="STRING")
    CustomValue.objects.create(badge=badge, field=field, value="No cash")
    BadgeImage.objects.create(badge=badge, tag="EARNED", name="r", url="https://a.example/r.png")
    EarnedBadgeFactory.create_batch(2, badge=badge)

    page = desk.get(CUSTOMER).content.decode()

    for words in (
        "Rich",
        "Direct issue",
        "Live",
        "Issued 2 times",
        "Loyalty, Journeys",
        "Loyalty 123694",
        "Terms",
        "No cash",
        "1 of 3 left",
        'src="https://a.example/r.png"',
    ):
        assert words in page


@pytest.mark.parametrize("url", ["", "http://plain.example/x.png", "javascript:alert(1)"])
def test_a_card_without_a_permitted_picture_has_a_drawn_one(desk, live_badge, url):
    BadgeImage.objects.create(badge=live_badge, tag="EARNED", name="x", url=url)

    page = desk.get(f"{CUSTOMER}?tab=issue").content.decode()

    assert "<svg" in page
    assert "<img src" not in page.split("desk-cards")[1]


def test_many_claims_are_shown_in_part(desk):
    badge = BadgeMetaFactory()
    for number in range(5):
        badge.claims.create(owner_type="Loyalty", reference_id=f"ref-{number}")

    page = desk.get(f"{CUSTOMER}?tab=issue").content.decode()

    assert "ref-2" in page
    assert "ref-3" not in page
    assert "and 2 more" in page


def test_a_page_has_twelve_cards(desk):
    for number in range(13):
        BadgeMetaFactory(name=f"Badge {number:02}")

    first, second = (
        [card.badge.name for card in desk.get(f"{CUSTOMER}?tab=issue&page={page}").context["cards"]]
        for page in (1, 2)
    )

    assert len(first) == 12
    assert second == ["Badge 12"]


@pytest.mark.parametrize("page", ["0", "99", "x", "\0", "9" * 5000])
def test_an_invalid_page_number_shows_a_valid_page(desk, live_badge, page):
    assert desk.get(CUSTOMER, {"tab": "issue", "page": page}).status_code == 200


@pytest.mark.parametrize("tab", ["enrol", "issue", "issued", "expired"])
def test_an_empty_tab_shows_the_next_step(desk, tab):
    page = desk.get(f"{CUSTOMER}?tab={tab}").content.decode()

    assert "desk-empty" in page


def test_actions_without_permission_have_no_button(client, auditor, badges_of_each_list):
    client.force_login(auditor)

    for tab in ("enrol", "issue", "issued", "expired"):
        page = client.get(f"{CUSTOMER}?tab={tab}").content.decode()
        assert not re.search(r"/desk/(issue|revoke)/|/enrol/", page)


def test_the_issue_link_opens_the_prefilled_form(desk, live_badge):
    page = desk.get(f"{CUSTOMER}?tab=issue").content.decode()
    form = page[page.index("desk-cards") :]
    fields = dict(re.findall(r'name="(customer_id|badge_id|request_id)" value="([^"]+)"', form))

    answer = desk.post("/desk/issue/preview/", fields).content.decode()

    assert "Can be issued" in answer
    assert "1001" in answer
    assert not EarnedBadge.objects.exists()
    assert "customer_id=" not in page


@pytest.mark.parametrize(("badge", "offered"), [({}, True), ({"expired": True}, False)])
def test_a_missing_enrolment_of_a_live_badge_has_a_link(desk, badge, offered):
    BadgeMetaFactory(enrolled=True, **badge)

    page = desk.get(f"{CUSTOMER}?tab=issue").content.decode()

    assert "Code 811" in page
    assert ("Enrol first" in page) == offered


def test_the_revoke_link_opens_the_confirmation(desk):
    held = EarnedBadgeFactory()

    page = desk.get(CUSTOMER).content.decode()

    assert f'name="earned" value="{held.pk}"' in page
    desk.post("/desk/revoke/", {"earned": held.pk})
    assert EarnedBadge.objects.not_revoked().count() == 1


def test_several_issued_badges_link_to_the_timeline_for_revoking(desk):
    badge = BadgeMetaFactory()
    several = EarnedBadgeFactory.create_batch(2, badge=badge)

    page = desk.get(CUSTOMER).content.decode()

    assert "Revoke one" in page
    assert not any(f'value="{each.pk}"' in page for each in several)


@pytest.mark.parametrize("tab", ["enrol", "issue", "issued", "expired"])
def test_the_query_count_of_the_customer_page_is_constant(desk, tab):
    few = _queries(desk, tab, badges=1, facts=1)

    many = _queries(desk, tab, badges=8, facts=4)

    assert few == many <= 15


def _queries(client, tab, *, badges, facts):
    field, _created = CustomField.objects.get_or_create(name="Terms", data_type="STRING")
    for _number in range(badges):
        for enrolled in (True, False):
            badge = BadgeMetaFactory(enrolled=enrolled, claimed=True, limits=EACH_KIND)
            CustomValue.objects.create(badge=badge, field=field, value="x")
            BadgeImage.objects.create(badge=badge, tag="EARNED", name="x", url="https://a.b/c")
        EarnedBadgeFactory.create_batch(facts, badge=badge)
        over = BadgeMetaFactory(limits=EACH_KIND, claimed=True)
        CustomValue.objects.create(badge=over, field=field, value="x")
        EarnedBadgeFactory.create_batch(facts, badge=over, expires_at=OVER)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"{CUSTOMER}?tab={tab}").context["cards"]
    return len(queries)
