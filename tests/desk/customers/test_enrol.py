"""Enrolling at the desk: a preview, one enrolment per form, and explained refusals."""

import json
from datetime import timedelta

import pytest

from badges.desk.parts.forms import new_request_id
from badges.models import Channel, EarnedBadge, Enrolment, ExpiryKind, RequestLog
from badges.models import RequestOutcome as Outcome
from badges.services.customers.enrol import enrol_customers, preview_enrolment, preview_enrolments
from tests.factories import NOW, BadgeMetaFactory, EnrolmentFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
SOON = NOW + timedelta(days=3)


@pytest.fixture
def page(enrolled_badge):
    return f"/desk/customers/1001/badges/{enrolled_badge.pk}/enrol/"


@pytest.fixture
def filled():
    def fill(**changes):
        usual = {"event_at": "", "reason": "Called in", "request_id": new_request_id()}
        return usual | {"new_customers": "1001"} | changes

    return fill


@pytest.mark.parametrize(
    ("role", "status"), [("MemberCare", 200), ("Supervisor", 200), ("Auditor", 403), (None, 403)]
)
def test_the_enrolment_form_requires_the_permission_to_enrol(client, page, role, status):
    client.force_login(UserFactory(role=role))

    assert client.get(page).status_code == status


@pytest.mark.parametrize("part", ["", "preview/"])
def test_an_auditor_may_not_submit_the_enrolment_form(client, auditor, page, filled, part):
    client.force_login(auditor)

    assert client.post(page + part, filled()).status_code == 403
    assert not Enrolment.objects.exists()
    assert not RequestLog.objects.exists()


def test_the_enrolment_form_shows_the_period_and_writes_nothing(desk, page):
    shown = desk.get(page).content.decode()

    assert "Can be enrolled" in shown
    assert 'datetime="2100-01-01T00:00:00Z"' in shown
    assert not Enrolment.objects.exists()
    assert not RequestLog.objects.exists()


def test_an_enrolment_writes_one_enrolment_and_one_request(
    desk, member_care, enrolled_badge, page, filled
):
    fields = filled(event_at="2026-03-01T10:30")

    response = desk.post(page, fields, follow=True)

    enrolment, request = Enrolment.objects.get(), RequestLog.objects.get()
    assert (enrolment.badge, enrolment.customer_id) == (enrolled_badge, 1001)
    assert enrolment.event_at.isoformat() == "2026-03-01T10:30:00+00:00"
    assert (enrolment.request, enrolment.owner_type) == (request, "Membercare")
    assert (request.channel, request.user) == (Channel.MEMBERCARE, member_care)
    assert (request.reason, request.request_id) == ("Called in", fields["request_id"])
    assert json.loads(request.content) == {
        name: fields[name] for name in ("event_at", "reason", "new_customers")
    }
    assert response.redirect_chain == [(f"/desk/receipts/{request.pk}/", 302)]
    assert "customer 1001 enrolled" in response.text


def test_a_second_submission_enrols_once_and_opens_the_same_receipt(desk, page, filled):
    fields = filled()
    first = desk.post(page, fields)

    second = desk.post(page, fields, follow=True)

    assert second.redirect_chain[0][0] == first["Location"]
    assert "nothing was enrolled again" in second.content.decode()
    assert Enrolment.objects.count() == 1
    assert RequestLog.objects.accepted().count() == 1


def test_a_used_enrolment_form_with_other_entries_is_refused_and_renewed(desk, page, filled):
    fields = filled()
    desk.post(page, fields)

    response = desk.post(page, fields | {"event_at": "2026-03-01T10:30"})

    shown = response.content.decode()
    assert "Code 809" in shown
    assert "already used" in shown
    assert fields["request_id"] not in shown
    assert Enrolment.objects.count() == 1


def test_the_request_id_of_another_user_reveals_nothing(desk, page, filled):
    fields = filled()
    RequestLogFactory(request_id=fields["request_id"], user=UserFactory())

    assert "Code 809" in desk.post(page, fields).content.decode()
    assert not Enrolment.objects.exists()


def test_an_overlapping_enrolment_is_shown_before_and_after_submission(
    desk, enrolled_badge, page, filled
):
    EnrolmentFactory(badge=enrolled_badge)
    fields = filled()

    before, after = desk.get(page).content.decode(), desk.post(page, fields).content.decode()

    for shown in (before, after):
        assert "Code 1040" in shown
        assert "It overlaps with the enrolment from" in shown
    assert fields["request_id"] not in after
    assert Enrolment.objects.count() == 1


def test_a_refused_submission_stays_refused_when_repeated(desk, enrolled_badge, page, filled):
    EnrolmentFactory(badge=enrolled_badge)
    fields = filled()
    desk.post(page, fields)

    assert "Code 809" in desk.post(page, fields).content.decode()
    assert Enrolment.objects.count() == 1


REFUSED = [
    ({"inactive": True}, "", 815),
    ({"upcoming": True}, "", 815),
    ({"expired": True}, "", 816),
    ({}, "2098-01-01T00:00", 750),
    ({}, "2019-01-01T00:00", 816),
]


@pytest.mark.parametrize(("badge", "event_at", "code"), REFUSED)
def test_the_preview_and_the_submission_show_the_same_refusal(desk, filled, badge, event_at, code):
    badge = BadgeMetaFactory(enrolled=True, **badge)
    page = f"/desk/customers/1001/badges/{badge.pk}/enrol/"
    fields = filled(event_at=event_at)

    preview_text = desk.post(f"{page}preview/", fields, headers=HTMX).content.decode()

    assert f"Code {code}" in preview_text
    assert "<html" not in preview_text
    assert not RequestLog.objects.exists()
    assert f"Code {code}" in desk.post(page, fields).content.decode()
    assert not Enrolment.objects.exists()
    assert (RequestLog.objects.get().outcome, RequestLog.objects.get().code) == (
        Outcome.REFUSED,
        code,
    )


def test_a_direct_badge_has_no_enrolment_form(desk, live_badge, filled):
    page = f"/desk/customers/1001/badges/{live_badge.pk}/enrol/"

    assert "Customers are not enrolled" in desk.get(page).content.decode()
    assert "Code 400" in desk.post(page, filled()).content.decode()
    assert not Enrolment.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_at", "yesterday"),
        ("event_at", "0001-01-01T00:00"),
        ("event_at", "\0"),
        ("reason", "x" * 501),
        ("request_id", ""),
        ("request_id", "2132"),
    ],
)
def test_an_invalid_enrolment_form_shows_errors_and_writes_nothing(
    desk, page, filled, field, value
):
    response = desk.post(page, filled(**{field: value}))

    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert not Enrolment.objects.exists()
    assert not RequestLog.objects.exists()


@pytest.mark.parametrize("event_at", ["1900-01-01T00:00", "9999-12-31T23:59"])
def test_an_enrolment_date_out_of_range_is_refused_with_a_message(desk, page, filled, event_at):
    assert "Cannot be enrolled" in desk.post(page, filled(event_at=event_at)).content.decode()


@pytest.mark.parametrize("badge_id", ["f" * 24, "nonsense"])
@pytest.mark.parametrize("part", ["", "preview/"])
def test_an_unknown_badge_has_no_enrolment_form(desk, filled, badge_id, part):
    page = f"/desk/customers/1001/badges/{badge_id}/enrol/{part}"

    assert desk.post(page, filled()).status_code == 404
    assert not Enrolment.objects.exists()


def test_without_scripts_the_enrolment_preview_is_a_complete_page(desk, page, filled):
    shown = desk.post(f"{page}preview/", filled(reason="Called twice")).content.decode()

    assert "<html" in shown
    assert "Can be enrolled" in shown
    assert "Called twice" in shown


def test_a_sign_in_may_return_to_a_fragment_of_the_enrolment_form(desk, page):
    assert desk.get(f"{page}preview/")["Location"] == page


def test_several_enrolments_have_the_same_verdicts_as_each_alone(desk_origin):
    badges = [
        BadgeMetaFactory(enrolled=True),
        BadgeMetaFactory(enrolled=True),
        BadgeMetaFactory(enrolled=True, enrolment_expiry_kind=ExpiryKind.NEVER),
        BadgeMetaFactory(enrolled=True, inactive=True),
        BadgeMetaFactory(),
    ]
    EnrolmentFactory(badge=badges[1], event_at=SOON)
    asked = {"origin": desk_origin, "customer_id": 1001, "now": NOW}

    verdicts = preview_enrolments(badges=[badge.definition() for badge in badges], **asked)

    alone = {badge.pk: preview_enrolment(badge_id=badge.pk, **asked) for badge in badges}
    assert [summary(verdicts[badge.pk]) for badge in badges] == [
        summary(alone[badge.pk]) for badge in badges
    ]
    assert [alone[badge.pk].outcome.refusal is None for badge in badges] == [1, 0, 1, 0, 0]


def summary(preview):
    outcome = preview.outcome
    return (
        outcome.refusal and outcome.refusal.code,
        outcome.existing,
        outcome.fact and (outcome.fact.event_at, outcome.fact.expires_at, outcome.fact.owner_type),
    )


@pytest.mark.parametrize(
    ("begins", "ends", "in_the_way"),
    [(-9, -1, False), (-9, 0, False), (-9, 1, True), (0, 1, True), (9, 10, True), (10, 11, False)],
)
def test_the_enrolment_has_the_period_of_its_preview(desk_origin, begins, ends, in_the_way):
    badge = BadgeMetaFactory(
        enrolled=True,
        enrolment_expiry_kind=ExpiryKind.FIXED_DATE,
        enrolment_expiry_at=NOW + timedelta(days=10),
    )
    EnrolmentFactory(
        badge=badge,
        event_at=NOW + timedelta(days=begins),
        expires_at=NOW + timedelta(days=ends),
    )
    asked = {"origin": desk_origin, "badge_id": badge.pk, "now": NOW}

    said = preview_enrolment(customer_id=1001, **asked)
    done = enrol_customers(customer_ids=[1001], request_id="enrol-1", **asked)

    assert (said.outcome.refusal is not None) == bool(done.refused) == in_the_way
    assert not EarnedBadge.objects.exists()
