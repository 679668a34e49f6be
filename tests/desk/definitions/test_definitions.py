"""Badges at the desk: create, change, copy, activate and deactivate; rows and refusals."""

import re
from datetime import UTC, datetime

import pytest

from badges.desk.parts.problems import problems_of
from badges.models import (
    BadgeGroup,
    BadgeMeta,
    BadgeRevision,
    Channel,
    CustomField,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    RequestLog,
    Unit,
)
from tests.desk.definitions.forms import LIST, NEW, badge_form, edit_form, limit_rows, page_of
from tests.desk.parts.pictures import INVALID_FILES, UPLOAD, uploaded_file
from tests.factories import LOYALTY, BadgeMetaFactory, UserFactory

pytestmark = pytest.mark.django_db

TWICE = {"level": "CUSTOMER", "kind": "FIXED_VALUE", "max_earns": "2"}
MONTHLY = Limit(LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 10, Unit.MONTHS, 1)
MONTHLY_ROW = {
    "level": "BADGE",
    "kind": "FIXED_WINDOW",
    "max_earns": "10",
    "unit": "MONTHS",
    "length": "1",
}


@pytest.fixture
def desk(client, supervisor):
    """Return a client that is logged in as a supervisor, who may edit."""
    client.force_login(supervisor)
    return client


PAGES = {"the list": "", "new": "new/", "a badge": "{}/", "edit": "{}/edit/"}
PAGES |= {"duplicate": "{}/duplicate/", "switch": "{}/switch/"}
READ = {"the list", "a badge"}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", ["MemberCare", "Supervisor", "Auditor", None])
def test_each_page_of_badges_requires_its_permission(client, live_badge, role, name):
    client.force_login(UserFactory(role=role))
    may = role == "Supervisor" or (role is not None and name in READ)

    answer = client.get(LIST + PAGES[name].format(live_badge.pk))

    assert answer.status_code == (200 if may else 403)


@pytest.mark.parametrize(
    "address", [NEW, "{}edit/", "{}duplicate/", "{}switch/", "{}claim/", "{}unclaim/"]
)
def test_submitting_a_badge_form_requires_its_permission(client, auditor, live_badge, address):
    client.force_login(auditor)

    answer = client.post(address.format(page_of(live_badge)), badge_form())

    assert answer.status_code == 403
    assert not RequestLog.objects.exists()
    assert BadgeMeta.objects.count() == 1


@pytest.mark.parametrize("rest", ["", "edit/", "duplicate/", "switch/"])
@pytest.mark.parametrize("pk", ["0" * 24, "nothing"])
def test_an_unknown_badge_has_no_page(desk, pk, rest):
    assert desk.get(f"{LIST}{pk}/{rest}").status_code == 404


def test_a_badge_is_created_by_the_service(desk, supervisor):
    group = BadgeGroup.objects.create(name="Summer", rank=1)
    field = CustomField.objects.create(name="Terms", data_type="STRING")

    fields = badge_form(TWICE, {}, {}, group=group.pk, **{f"custom_{field.pk}": "See the shop"})
    answer = desk.post(NEW, fields)

    badge = BadgeMeta.objects.get()
    assert answer["Location"] == page_of(badge)
    assert (badge.name, badge.group, badge.active) == ("Explorer", group, True)
    assert badge.starts_at == datetime(2030, 1, 1, tzinfo=UTC)
    assert [limit.value for limit in badge.limits.all()] == [
        Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 2)
    ]
    assert badge.custom_values.get().value == "See the shop"
    assert (BadgeRevision.objects.get().version, BadgeRevision.objects.get().badge) == (1, badge)
    request = RequestLog.objects.get()
    assert (request.operation, request.channel) == (Operation.CREATE_BADGE, Channel.MEMBERCARE)
    assert (request.user, request.badge) == (supervisor, badge)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "Taken"}, "name"),
        ({"name": ""}, "name"),
        ({"earn_type": ""}, "earn_type"),
        ({"owners": []}, "owners"),
        ({"expires_at": "2029-01-01T00:00"}, "expires_at"),
        ({"starts_at": "0001-01-01T00:00"}, "starts_at"),
        ({"earn_type": "ISSUE_EARN"}, "enrolment_expiry_kind"),
        ({"earned_expiry_kind": "RELATIVE", "earned_expiry_unit": "DAYS"}, "earned_expiry_count"),
        ({"earned_expiry_kind": "FIXED_DATE"}, "earned_expiry_at"),
        ({"group": "0" * 24}, "group"),
    ],
)
def test_the_refusal_of_a_new_badge_is_a_field_error(desk, wrong, field):
    BadgeMetaFactory(name="Taken")

    answer = desk.post(NEW, badge_form(**wrong))

    assert answer.status_code == 200
    form = answer.context["forms"].form
    assert field in form.errors
    assert form.fields[field].widget.attrs.get("autofocus")
    assert BadgeMeta.objects.count() == 1
    assert not RequestLog.objects.exists()


@pytest.mark.parametrize(
    "limits",
    [
        [TWICE, TWICE],
        [{**TWICE, "max_earns": "0"}],
        [{**MONTHLY_ROW, "length": "2"}],
        [{**MONTHLY_ROW, "unit": ""}],
        [{"level": "CUSTOMER"}],
    ],
)
def test_invalid_limits_are_refused(desk, limits):
    answer = desk.post(NEW, badge_form(*limits))

    assert answer.status_code == 200
    assert answer.context["preview"].problems
    assert "Constraint" not in answer.text
    assert not BadgeMeta.objects.exists()


@pytest.mark.parametrize(("value", "kept"), [("yes", False), ("true", True), ("", True)])
def test_a_custom_value_has_the_type_of_its_field(desk, value, kept):
    field = CustomField.objects.create(
        name="Public", data_type="BOOLEAN", is_mandatory=True, default_value="false"
    )

    desk.post(NEW, badge_form(**{f"custom_{field.pk}": value}))

    assert BadgeMeta.objects.exists() == kept
    if kept:
        assert BadgeMeta.objects.get().custom_values.get().value == (value or "false")


def test_an_edit_increments_the_version_and_keeps_hidden_columns(desk, live_badge):
    live_badge.tags = [{"name": "a", "value": "b"}]
    live_badge.save()

    answer = desk.post(page_of(live_badge, "edit/"), edit_form(live_badge, TWICE, rank="4"))

    assert answer["Location"] == page_of(live_badge)
    live_badge.refresh_from_db()
    assert (live_badge.version, live_badge.rank, live_badge.active) == (2, 4, True)
    assert live_badge.tags == [{"name": "a", "value": "b"}]
    assert live_badge.limits.get().max_earns == 2
    assert BadgeRevision.objects.get().request.operation == Operation.UPDATE_BADGE


def test_an_edit_without_a_change_keeps_limits_and_datetimes(desk):
    end = datetime(2031, 5, 5, 5, 5, 5, 555, tzinfo=UTC)
    badge = BadgeMetaFactory(limits=[MONTHLY], expires_at=end)
    fields = edit_form(badge, expires_at="2031-05-05T05:05:05") | limit_rows(MONTHLY_ROW, initial=1)

    desk.post(page_of(badge, "edit/"), fields)

    badge.refresh_from_db()
    assert (badge.version, badge.expires_at) == (2, end)
    assert [limit.value for limit in badge.limits.all()] == [MONTHLY]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"expires_at": "2022-01-01T00:00"}, "expires_at"),
        ({"owners": ["Journeys"]}, "owners"),
        ({"seen_version": "0"}, "__all__"),
    ],
)
def test_the_refusal_of_an_edit_is_a_field_error(desk, live_badge, wrong, field):
    answer = desk.post(page_of(live_badge, "edit/"), edit_form(live_badge, **wrong))

    assert field in answer.context["forms"].form.errors
    live_badge.refresh_from_db()
    assert live_badge.version == 1


def test_frozen_fields_have_a_reason_and_cannot_be_submitted(desk, live_badge):
    text = desk.get(page_of(live_badge, "edit/")).text
    assert "The type of a badge never changes." in text
    assert "The badge has begun, so its start is fixed." in text

    wrong = {"earn_type": "ISSUE_EARN", "starts_at": "2021-01-01T00:00"}
    desk.post(page_of(live_badge, "edit/"), edit_form(live_badge, **wrong))

    kept = BadgeMeta.objects.get()
    assert (kept.version, kept.earn_type) == (2, live_badge.earn_type)
    assert kept.starts_at == live_badge.starts_at


def test_a_live_badge_keeps_its_window_kind(desk):
    badge = BadgeMetaFactory(limits=[MONTHLY])
    rolling = {**MONTHLY_ROW, "kind": "ROLLING_WINDOW"}

    answer = desk.post(page_of(badge, "edit/"), edit_form(badge, rolling))

    assert "cannot change between fixed windows" in answer.text
    assert badge.limits.get().value == MONTHLY


@pytest.mark.parametrize("how", [{}, {"headers": {"HX-Request": "true"}}])
def test_a_preview_describes_the_badge_and_writes_nothing(desk, how):
    after = {"earned_expiry_kind": "RELATIVE", "earned_expiry_count": "6"}
    fields = badge_form(MONTHLY_ROW, **after, earned_expiry_unit="MONTHS")

    text = desk.post(f"{NEW}?check", fields, **how).text

    assert "expires after 6 months: issued on <time" in text
    assert 'datetime="2030-07-01T00:00:00Z"' in text
    assert "at most 10 times, per calendar month" in text
    assert "31 Jan 2030" in text
    assert ("nav-sidebar" in text) == (not how)
    assert not BadgeMeta.objects.exists()
    assert not RequestLog.objects.exists()


def test_a_preview_of_an_empty_form_names_missing_fields(desk):
    text = desk.post(f"{NEW}?check", limit_rows(), headers={"HX-Request": "true"}).text

    assert "Not yet complete" in text
    assert "Name: " in text


def test_a_copy_of_a_badge_is_inactive_and_starts_today(desk):
    source = BadgeMetaFactory(name="Welcome", limits=[MONTHLY], claimed=True, benefits=[{"id": 1}])
    form = desk.get(page_of(source, "duplicate/")).context["forms"]
    assert form.form["name"].value() == "Copy of Welcome"
    assert not form.form["active"].value()
    assert form.limits.initial[0]["unit"] == "MONTHS"

    fields = badge_form(name="Copy of Welcome") | limit_rows(MONTHLY_ROW, initial=1)
    del fields["active"]
    desk.post(page_of(source, "duplicate/"), fields)

    copy = BadgeMeta.objects.get(name="Copy of Welcome")
    assert (copy.active, copy.benefits, copy.version) == (False, [{"id": 1}], 1)
    assert copy.limits.get().value == MONTHLY
    assert not copy.claims.exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"Later", "Now", "Off", "Past"}),
        ({"status": "UPCOMING"}, {"Later"}),
        ({"status": "LIVE"}, {"Now", "Off"}),
        ({"active": "no"}, {"Off"}),
        ({"active": "yes"}, {"Later", "Now", "Past"}),
        ({"earn_type": "ISSUE_EARN"}, {"Past"}),
        ({"owner_type": "Journeys"}, {"Now"}),
        ({"claimed_by": "Loyalty"}, {"Now"}),
        ({"claimed_by": "nobody"}, {"Later", "Off", "Past"}),
        ({"q": "ate"}, {"Later"}),
        ({"q": "0" * 23 + "1"}, {"Past"}),
        ({"q": "no such"}, set()),
        ({"status": "SOMETIMES", "page": "x"}, {"Later", "Now", "Off", "Past"}),
    ],
)
def test_the_list_is_searched_and_filtered(desk, query, found):
    BadgeMetaFactory(name="Later", upcoming=True)
    BadgeMetaFactory(name="Now", owners=["Loyalty", "Journeys"], claimed=[LOYALTY])
    BadgeMetaFactory(name="Off", inactive=True)
    BadgeMetaFactory(name="Past", expired=True, enrolled=True, id="0" * 23 + "1")

    answer = desk.get(LIST, query)

    assert {row["badge"].name for row in answer.context["rows"]} == found


def test_an_empty_list_of_badges_shows_the_next_step(desk):
    assert "Create the first one" in desk.get(LIST).text
    assert "Remove a filter" in desk.get(LIST, {"status": "LIVE"}).text


def test_the_query_count_of_the_list_of_badges_is_constant(desk, django_assert_max_num_queries):
    for number in range(25):
        BadgeMetaFactory(name=f"Badge {number:02}", claimed=True)

    with django_assert_max_num_queries(15):
        first = desk.get(LIST)
    assert len(first.context["rows"]) == 20
    assert len(desk.get(LIST, {"page": "2"}).context["rows"]) == 5


def test_all_errors_of_a_badge_are_shown_in_one_round_in_the_order_of_the_page(desk):
    """F12: the dates, a picture, the expiry and a limit, each with a link to its field."""
    limit = {"level": "CUSTOMER", "kind": "ROLLING_WINDOW", "max_earns": "1"}
    form = badge_form(limit, expires_at="2029-01-01T00:00", owners=[])
    del form["earned_expiry_kind"]
    form[UPLOAD] = uploaded_file(INVALID_FILES["a wide one"]())

    page = desk.post(NEW, form)

    problems = problems_of(page.context["forms"])
    assert [problem.target for problem in problems] == [
        "id_expires_at",
        "id_owners_0",
        "id_picture-EARNED-upload",
        "id_earned_expiry_kind_0",
        "id_limits-0-unit",
        "id_limits-0-length",
    ]
    assert "Earned, File: The picture must be square" in problems[2].text
    for problem in problems:
        assert f'href="#{problem.target}"' in page.text
        assert f'id="{problem.target}"' in page.text
        assert f'id="{problem.field}"' in page.text
    (focused,) = re.findall(r"<input[^>]*autofocus[^>]*>", page.text)
    assert 'id="id_expires_at"' in focused


@pytest.mark.parametrize("starts_at", ["", "9999-12-31T23:59:59.999999", "0001-01-01T00:00"])
def test_rules_are_checked_beside_invalid_dates(desk, starts_at):
    page = desk.post(NEW, badge_form(starts_at=starts_at, owners=[]))
    assert set(page.context["forms"].form.errors) >= {"owners"}
    assert page.status_code == 200
