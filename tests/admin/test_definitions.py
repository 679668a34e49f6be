"""Badges in the admin: one service call, a row in the log, and errors next to the field."""

from datetime import UTC, datetime

import pytest
from django.db.models.signals import pre_save

from badges.models import (
    BadgeMeta,
    BadgeRevision,
    Channel,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    Owner,
    RequestLog,
    Unit,
)
from tests.admin.conftest import badge_post, changed, page
from tests.factories import BadgeMetaFactory

ADD = "badgemeta_add"
CHANGE = "badgemeta_change"
TWICE = {"level": "CUSTOMER", "kind": "FIXED_VALUE", "max_earns": 2}
WEEKLY = Limit(LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 10, Unit.WEEKS, 1, 0)
WEEKLY_POST = {
    "level": "BADGE",
    "kind": "FIXED_WINDOW",
    "max_earns": 10,
    "unit": "WEEKS",
    "length": 1,
    "first_weekday": 0,
}
MEDAL = {"tag": "EARNED", "name": "Medal", "url": "https://example.com/medal.png"}


def errors_of(answer):
    assert answer.status_code == 200
    return answer.context["adminform"].form.errors


def test_a_badge_is_created_by_the_service(at_work, supervisor):
    answer = at_work.post(page(ADD), badge_post(limits=[TWICE], images=[MEDAL]), follow=True)
    assert "was added successfully" in answer.text
    badge = BadgeMeta.objects.get()
    assert badge.starts_at == datetime(2030, 1, 1, tzinfo=UTC)
    assert [limit.value for limit in badge.limits.all()] == [
        Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 2)
    ]
    assert badge.images.get().name == "Medal"
    revision = BadgeRevision.objects.get()
    assert (revision.badge, revision.version) == (badge, 1)
    request = RequestLog.objects.get()
    assert (request.operation, request.channel) == (Operation.CREATE_BADGE, Channel.MEMBERCARE)
    assert (request.user, request.badge) == (supervisor, badge)
    assert '"name": "Explorer"' in request.content
    assert "csrf" not in request.content


def test_saving_and_continuing_opens_the_new_badge(at_work):
    answer = at_work.post(page(ADD), badge_post(_continue="1"))
    assert answer.url == page(CHANGE, BadgeMeta.objects.get().pk)


def test_an_edit_raises_the_version_and_leaves_a_revision(at_work, live_badge):
    post = changed(live_badge, name="Welcome back", rank="4", owners=["Loyalty", "Journeys"])
    answer = at_work.post(page(CHANGE, live_badge.pk), post, follow=True)
    assert "was changed successfully" in answer.text
    live_badge.refresh_from_db()
    assert (live_badge.name, live_badge.rank, live_badge.version) == ("Welcome back", 4, 2)
    assert {owner.owner_type for owner in live_badge.owners.all()} == {"Loyalty", "Journeys"}
    assert BadgeRevision.objects.get().request.operation == Operation.UPDATE_BADGE


def test_an_unchanged_end_keeps_its_microseconds(at_work):
    end = datetime(2021, 5, 5, 5, 5, 5, 555, tzinfo=UTC)
    badge = BadgeMetaFactory(expires_at=end)
    at_work.post(page(CHANGE, badge.pk), changed(badge, rank="1"))
    badge.refresh_from_db()
    assert (badge.rank, badge.expires_at) == (1, end)


def test_a_limit_or_picture_may_replace_another(at_work, live_badge):
    image = live_badge.images.create(tag="EARNED", name="Old", url="https://example.com/old.png")
    images = [
        {**MEDAL, "id": image.pk, "badge": live_badge.pk, "DELETE": "on"},
        {**MEDAL, "name": "New"},
    ]
    post = changed(live_badge) | badge_rows(images=images)
    assert at_work.post(page(CHANGE, live_badge.pk), post).status_code == 302
    assert [image.name for image in live_badge.images.all()] == ["New"]


def badge_rows(**parts):
    post = badge_post(**parts)
    return {name: post[name] for name in post if name.split("-")[0] in parts}


def test_hidden_fields_are_not_saved(at_work):
    post = badge_post(
        earned_expiry_count="6",
        earned_expiry_unit="MONTHS",
        enrolment_expiry_kind="FIXED_DATE",
        enrolment_expiry_at_0="2031-01-01",
        enrolment_expiry_at_1="never",
    )
    assert at_work.post(page(ADD), post).status_code == 302
    badge = BadgeMeta.objects.get()
    assert (badge.earned_expiry_count, badge.earned_expiry_unit) == (None, "")
    assert (badge.enrolment_expiry_kind, badge.enrolment_expiry_at) == ("", None)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"owners": []}, "owners"),
        ({"expires_at_0": "2029-01-01"}, "expires_at"),
        ({"starts_at_0": "1890-01-01"}, "starts_at"),
        ({"earn_type": "ISSUE_EARN"}, "enrolment_expiry_kind"),
        ({"earned_expiry_kind": "RELATIVE", "earned_expiry_unit": "DAYS"}, "earned_expiry_count"),
        ({"earned_expiry_kind": "RELATIVE", "earned_expiry_count": "0"}, "earned_expiry_count"),
        ({"earned_expiry_kind": "RELATIVE", "earned_expiry_count": "9" * 9}, "earned_expiry_count"),
        ({"earned_expiry_kind": "FIXED_DATE"}, "earned_expiry_at"),
        ({"name": "Taken"}, "name"),
        ({"name": ""}, "name"),
    ],
)
def test_the_refusal_of_a_new_badge_is_a_field_error(at_work, wrong, field):
    BadgeMetaFactory(name="Taken")
    assert field in errors_of(at_work.post(page(ADD), badge_post(**wrong)))
    assert BadgeMeta.objects.count() == 1
    assert not BadgeRevision.objects.exists()


def test_several_errors_are_shown_as_sentences(at_work):
    post = badge_post(name="", expires_at_0="2029-01-01", earn_type="ISSUE_EARN")
    errors = errors_of(at_work.post(page(ADD), post))
    assert "Constraint" not in str(errors)


@pytest.mark.parametrize(
    "limit",
    [
        {**TWICE, "max_earns": 0},
        {**TWICE, "unit": "DAYS"},
        {**WEEKLY_POST, "length": ""},
        {**WEEKLY_POST, "length": 2},
        {**WEEKLY_POST, "length": 99_999},
        {**WEEKLY_POST, "kind": "ROLLING_WINDOW"},
    ],
)
def test_an_invalid_limit_is_refused(at_work, limit):
    answer = at_work.post(page(ADD), badge_post(limits=[limit]))
    assert answer.status_code == 200
    (formset, _images) = answer.context["inline_admin_formsets"]
    assert formset.formset.errors[0]
    assert "Constraint" not in answer.text
    assert not BadgeMeta.objects.exists()


def test_the_same_limit_twice_is_refused(at_work):
    answer = at_work.post(page(ADD), badge_post(limits=[TWICE, TWICE]))
    assert answer.status_code == 200
    assert not BadgeMeta.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"expires_at_0": "2022-01-01"}, "expires_at"),
        ({"owners": ["Journeys"]}, "owners"),
        ({"seen_version": 0}, "__all__"),
    ],
)
def test_the_refusal_of_an_edit_is_a_field_error(at_work, live_badge, wrong, field):
    answer = at_work.post(page(CHANGE, live_badge.pk), changed(live_badge, **wrong))
    assert field in errors_of(answer)
    live_badge.refresh_from_db()
    assert live_badge.version == 1


def test_a_live_badge_keeps_its_window_kind(at_work):
    badge = BadgeMetaFactory(limits=[WEEKLY])
    row = badge.limits.get()
    limits = [{**WEEKLY_POST, "kind": "ROLLING_WINDOW", "id": row.pk, "badge": badge.pk}]
    limits[0]["first_weekday"] = ""
    post = changed(badge) | badge_rows(limits=limits)
    answer = at_work.post(page(CHANGE, badge.pk), post)
    assert "cannot change between fixed windows" in answer.text
    assert badge.limits.get().value == WEEKLY


def test_frozen_fields_are_read_only_with_a_reason(at_work, live_badge):
    text = at_work.get(page(CHANGE, live_badge.pk)).text
    assert "the type of a badge never changes" in text
    assert "the start of a badge that has begun never changes" in text
    post = changed(live_badge, earn_type="ISSUE_EARN", starts_at_0="2021-01-01")
    at_work.post(page(CHANGE, live_badge.pk), post | {"starts_at_1": "00:00"})
    kept = BadgeMeta.objects.get(pk=live_badge.pk)
    assert (kept.earn_type, kept.starts_at) == (live_badge.earn_type, live_badge.starts_at)


def test_the_start_of_an_upcoming_badge_may_move(at_work):
    badge = BadgeMetaFactory(upcoming=True)
    post = changed(badge, starts_at_0="2098-01-01", starts_at_1="00:00:00")
    at_work.post(page(CHANGE, badge.pk), post)
    assert BadgeMeta.objects.get().starts_at == datetime(2098, 1, 1, tzinfo=UTC)


@pytest.fixture
def twin():
    """Create a badge with the same name after the form is validated and before it is saved."""

    def take_the_name(sender, instance, **kwargs):
        if instance.outcome == "ACCEPTED":
            BadgeMetaFactory(name="Explorer")

    pre_save.connect(take_the_name, sender=RequestLog)
    yield
    pre_save.disconnect(take_the_name, sender=RequestLog)


def test_a_lost_race_shows_no_success_message(at_work, twin):
    answer = at_work.post(page(ADD), badge_post())
    assert "Another badge has this name." in errors_of(answer)["name"]
    assert [str(message) for message in answer.context["messages"]] == [
        "Another badge has this name."
    ]
    assert not BadgeMeta.objects.exists()
    refusal = RequestLog.objects.get()
    assert (refusal.outcome, refusal.code) == ("REFUSED", 725)
    assert "successfully" not in at_work.get(page("badgemeta_changelist")).text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "UPCOMING"}, {"Later"}),
        ({"status": "LIVE"}, {"Now", "Off"}),
        ({"status": "EXPIRED"}, {"Past"}),
        ({"status": "live"}, set()),
        ({"status": ""}, {"Later", "Now", "Off", "Past"}),
        ({"active__exact": "0"}, {"Off"}),
        ({"owner": "Journeys"}, {"Now"}),
        ({"owner": "journeys"}, set()),
        ({"q": "ate"}, {"Later"}),
        ({"q": "0" * 23 + "1"}, {"Past"}),
    ],
)
def test_the_list_is_searched_and_filtered(at_work, query, found):
    BadgeMetaFactory(name="Later", upcoming=True)
    BadgeMetaFactory(name="Now", owners=["Loyalty", "Journeys"], claimed=True)
    BadgeMetaFactory(name="Off", inactive=True)
    BadgeMetaFactory(name="Past", expired=True, id="0" * 23 + "1")
    answer = at_work.get(page("badgemeta_changelist"), query)
    assert {badge.name for badge in answer.context["cl"].result_list} == found


def test_the_list_counts_only_active_claims(at_work):
    badge = BadgeMetaFactory(
        owners=["Loyalty", "Journeys"], claimed=[Owner("Loyalty", "1"), Owner("Journeys", "2")]
    )
    badge.claims.filter(reference_id="2").update(active=False)
    (row,) = at_work.get(page("badgemeta_changelist")).context["cl"].result_list
    assert row.claim_count == 1
