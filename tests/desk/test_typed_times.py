"""Times that users type: read in their zone, and shown to all others as the same instant (F1)."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from badges.models import BadgeMeta, EarnedBadge, Integrator, Preferences, RequestLog
from badges.time_fields import LocalDateTimeField, LocalSplitDateTimeField
from tests.factories import BadgeMetaFactory, IntegratorFactory, UserFactory

pytestmark = pytest.mark.django_db

NEW_YORK, KOLKATA, APIA = "America/New_York", "Asia/Kolkata", "Pacific/Apia"
ISSUE = "/desk/issue/"


def in_zone(client, user, zone):
    """Log in a user who has chosen a zone."""
    Preferences.objects.update_or_create(user=user, defaults={"time_zone": zone})
    client.force_login(user)
    return client


def cleaned(field, zone, text):
    with timezone.override(ZoneInfo(zone)):
        return field.clean(text)


class TestField:
    @pytest.mark.parametrize(
        ("zone", "text", "expected"),
        [
            (NEW_YORK, "2026-11-03T00:00", datetime(2026, 11, 3, 5, tzinfo=UTC)),
            (NEW_YORK, "2026-10-31T23:59", datetime(2026, 11, 1, 3, 59, tzinfo=UTC)),
            (KOLKATA, "2026-11-03T00:00", datetime(2026, 11, 2, 18, 30, tzinfo=UTC)),
            (APIA, "2026-11-03T00:00", datetime(2026, 11, 2, 11, tzinfo=UTC)),
            (NEW_YORK, "2026-11-03", datetime(2026, 11, 3, 5, tzinfo=UTC)),
            (NEW_YORK, "2026-11-03T00:00:00Z", datetime(2026, 11, 3, tzinfo=UTC)),
            (NEW_YORK, "2026-11-03T00:00+05:30", datetime(2026, 11, 2, 18, 30, tzinfo=UTC)),
            # The clocks show this time twice: the first one.
            (NEW_YORK, "2026-11-01T01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        ],
    )
    def test_a_text_is_read_in_the_current_zone(self, zone, text, expected):
        assert cleaned(LocalDateTimeField(), zone, text) == expected

    @pytest.mark.parametrize("field", [LocalDateTimeField(), LocalSplitDateTimeField()])
    def test_a_time_that_the_clocks_skip_is_refused_in_words(self, field):
        split = isinstance(field, LocalSplitDateTimeField)
        text = ["2027-03-14", "02:30"] if split else "2027-03-14T02:30"

        with pytest.raises(ValidationError) as refused:
            cleaned(field, NEW_YORK, text)

        assert refused.value.messages == [
            "This time does not exist in New York time: the clocks are set forward then."
        ]

    @pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59"])
    def test_a_time_beyond_the_calendar_is_refused(self, text):
        zone = KOLKATA if text.startswith("0001") else NEW_YORK
        with pytest.raises(ValidationError):
            cleaned(LocalDateTimeField(), zone, text)

    def test_an_unchanged_time_of_a_repeated_hour_is_not_changed(self):
        second = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
        with timezone.override(ZoneInfo(NEW_YORK)):
            field = LocalDateTimeField()

            assert not field.has_changed(second, "2026-11-01T01:30")
            assert field.has_changed(second, "2026-11-01T01:31")
            assert field.has_changed(second, "")
            assert field.has_changed(second, "no time")
            assert field.has_changed(None, "2026-11-01T01:30")


@pytest.mark.parametrize(
    ("zone", "name", "at"),
    [
        (NEW_YORK, "New York time", datetime(2026, 3, 3, 5, tzinfo=UTC)),
        (KOLKATA, "Kolkata time", datetime(2026, 3, 2, 18, 30, tzinfo=UTC)),
        (APIA, "Apia time", datetime(2026, 3, 2, 11, tzinfo=UTC)),
    ],
)
def test_an_issue_has_the_event_date_as_typed_for_all_viewers(
    client, member_care, filled, live_badge, zone, name, at
):
    desk = in_zone(client, member_care, zone)
    assert f"Event date ({name})" in desk.get(ISSUE).text

    receipt = desk.post(ISSUE, filled(event_at="2026-03-03T00:00")).url

    assert EarnedBadge.objects.get().event_at == at
    assert ">3 Mar 2026, 00:00<" in desk.get(receipt).text
    assert json.loads(RequestLog.objects.get().content)["times_typed_in"] == zone
    colleague = UserFactory(username="mona", role="MemberCare")
    assert f'datetime="{at:%Y-%m-%dT%H:%M:%SZ}"' in in_zone(client, colleague, "").get(receipt).text


def test_a_skipped_event_date_is_refused_at_the_field(client, member_care, filled, live_badge):
    desk = in_zone(client, member_care, NEW_YORK)

    page = desk.post(ISSUE, filled(event_at="2026-03-08T02:30"))

    assert "does not exist in New York time" in page.text
    assert 'value="2026-03-08T02:30"' in page.text
    assert not EarnedBadge.objects.exists()


def test_a_log_in_utc_has_no_zone(desk, filled, live_badge):
    desk.post(ISSUE, filled(event_at="2026-03-03T00:00"))

    assert "times_typed_in" not in RequestLog.objects.get().content


def test_a_copy_of_a_badge_begins_at_local_midnight(client, supervisor):
    badge = BadgeMetaFactory()
    page = in_zone(client, supervisor, KOLKATA).get(f"/desk/badges/{badge.pk}/duplicate/")

    today = timezone.localdate(timezone=ZoneInfo(KOLKATA))
    assert f'name="starts_at" value="{today}T00:00"' in page.text
    assert "Starts (Kolkata time)" in page.text


def test_an_end_in_a_repeated_hour_stays_when_another_field_is_saved(client, supervisor):
    ends_at = datetime(2096, 11, 4, 6, 30, tzinfo=UTC)  # the second 01:30 of that day
    badge = BadgeMetaFactory(expires_at=ends_at)
    desk = in_zone(client, supervisor, NEW_YORK)
    page = desk.get(f"/desk/badges/{badge.pk}/edit/")
    form = page.context["form"]
    fields = {name: form[name].value() for name in form.fields}
    fields = {name: value for name, value in fields.items() if value not in (None, "", [])}
    fields |= {f"initial-{name}": value for name, value in fields.items()}
    shown = "2096-11-04T01:30"
    fields |= {"expires_at": shown, "initial-expires_at": shown, "description": "New"}
    fields |= {"limits-TOTAL_FORMS": 0, "limits-INITIAL_FORMS": 0}

    desk.post(f"/desk/badges/{badge.pk}/edit/", fields)

    saved = BadgeMeta.objects.get()
    assert (saved.description, saved.expires_at) == ("New", ends_at)


class TestAdmin:
    def test_an_end_is_typed_and_shown_in_the_zone_of_the_viewer(self, client, admin_user):
        integrator = IntegratorFactory()
        page = f"/admin/badges/integrator/{integrator.pk}/change/"
        admin = in_zone(client, admin_user, NEW_YORK)
        shown = admin.get(page)
        form = shown.context["adminform"].form
        assert "Ends (New York time)" in shown.text
        fields = {"name": integrator.name, "seen_version": form.version, "owner_types": []}
        fields |= {"ends_at_0": "2096-11-03", "ends_at_1": "00:00"}

        admin.post(page, fields)

        assert Integrator.objects.get().ends_at == datetime(2096, 11, 3, 4, tzinfo=UTC)
        assert 'value="2096-11-03"' in admin.get(page).text

    def test_a_skipped_end_is_refused_at_the_field(self, client, admin_user):
        integrator = IntegratorFactory()
        page = f"/admin/badges/integrator/{integrator.pk}/change/"
        admin = in_zone(client, admin_user, NEW_YORK)
        form = admin.get(page).context["adminform"].form
        fields = {"name": integrator.name, "seen_version": form.version}
        fields |= {"ends_at_0": "2097-03-10", "ends_at_1": "02:30"}

        answer = admin.post(page, fields)

        assert "does not exist in New York time" in answer.text
        assert Integrator.objects.get().ends_at is None
