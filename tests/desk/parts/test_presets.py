"""Periods by name (6.9): their days, in the time zone of the viewer, in every list."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone

from badges.desk.ledgers.forms import RequestForm
from badges.desk.parts.presets import DAY, Preset
from badges.models import Export
from tests.factories import RequestLogFactory

LOG = "/desk/requests/"
PAGES = [LOG, "/desk/history/issued/", "/desk/history/definitions/", "/desk/figures/"]
SUNDAY, MONDAY = date(2026, 3, 15), date(2026, 3, 16)
DAYS = [
    (Preset.TODAY, SUNDAY, "2026-03-15", "2026-03-15"),
    (Preset.YESTERDAY, SUNDAY, "2026-03-14", "2026-03-14"),
    (Preset.YESTERDAY, date(2026, 1, 1), "2025-12-31", "2025-12-31"),
    (Preset.LAST_7_DAYS, SUNDAY, "2026-03-09", "2026-03-15"),
    (Preset.THIS_WEEK, SUNDAY, "2026-03-09", "2026-03-15"),
    (Preset.THIS_WEEK, MONDAY, "2026-03-16", "2026-03-16"),
    (Preset.LAST_WEEK, SUNDAY, "2026-03-02", "2026-03-08"),
    (Preset.LAST_WEEK, MONDAY, "2026-03-09", "2026-03-15"),
    (Preset.THIS_MONTH, SUNDAY, "2026-03-01", "2026-03-15"),
    (Preset.LAST_MONTH, SUNDAY, "2026-02-01", "2026-02-28"),
    (Preset.LAST_MONTH, date(2026, 1, 31), "2025-12-01", "2025-12-31"),
]


@pytest.fixture
def browser(client, auditor):
    client.force_login(auditor)
    return client


@pytest.mark.parametrize(("preset", "today", "first", "last"), DAYS)
def test_a_preset_has_whole_days(preset, today, first, last):
    assert [str(day) for day in preset.days(today)] == [first, last]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Pacific/Apia"])
@pytest.mark.parametrize("preset", Preset)
def test_the_days_of_a_preset_are_those_of_the_viewer(preset, zone):
    form = RequestForm(QueryDict(f"period={preset}"))
    with timezone.override(zone):
        assert form.is_valid()
        first, last = preset.days(timezone.localdate())
        since, until = form.filters.since, form.filters.until

    assert since == datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone))
    end = last + DAY
    assert until == datetime(end.year, end.month, end.day, tzinfo=ZoneInfo(zone))


@pytest.mark.django_db
def test_the_log_of_today_begins_at_midnight_of_the_viewer(browser, settings):
    settings.TIME_ZONE = zone = "Pacific/Apia"
    midnight = timezone.now().astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0)
    before, after = (
        RequestLogFactory(received_at=midnight + shift) for shift in (-DAY / 86_400, DAY / 86_400)
    )

    keys = [row.pk for row in browser.get(LOG, {"period": "today"}).context["rows"]]

    assert after.pk in keys
    assert before.pk not in keys


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_every_list_and_the_reports_have_the_same_presets(browser, page):
    answer = browser.get(page, {"period": "last-week"})

    for preset in Preset:
        assert f'href="?period={preset}"' in answer.text
    assert 'href="?period=last-week" aria-current="true"' in answer.text
    assert "Custom" in answer.text


@pytest.mark.django_db
def test_a_preset_keeps_the_other_filters_and_is_a_chip(browser):
    answer = browser.get(LOG, {"outcome": "REFUSED", "period": "today"})

    links = [preset.url for preset in answer.context["form"].presets]
    assert "?outcome=REFUSED&period=yesterday" in links
    assert ("Period", "Today") in [
        (str(chip.label), chip.value) for chip in answer.context["form"].chips
    ]


@pytest.mark.django_db
def test_typed_dates_replace_a_preset(browser):
    row = RequestLogFactory(received_at=datetime(2026, 3, 2, tzinfo=UTC))
    query = {"period": "today", "since": "2026-03-01", "until": "2026-03-03"}

    answer = browser.get(LOG, query)

    assert answer.context["rows"] == [row]
    assert "period" not in answer.context["form"].query
    days = browser.get("/desk/figures/", query).context["form"].days
    assert (str(days[0]), str(days[-1])) == ("2026-03-01", "2026-03-03")


@pytest.mark.django_db
def test_reports_show_the_days_of_a_preset(browser):
    days = browser.get("/desk/figures/", {"period": "last-week"}).context["form"].days

    assert len(days) == 7
    assert days[0].weekday() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES[:2])
def test_an_unknown_preset_lists_nothing(browser, page):
    assert "period" in browser.get(page, {"period": "always"}).context["form"].errors


@pytest.mark.django_db
def test_an_export_keeps_the_days_of_a_preset(browser):
    data = {"ledger": "requests", "format": "CSV", "period": "last-month", "outcome": "REFUSED"}
    browser.post("/desk/exports/new/", data)

    first, last = Preset.LAST_MONTH.days(timezone.localdate())
    query = QueryDict(Export.objects.get().query).dict()
    days = {"since": str(first), "until": str(last), "zone": "UTC"}
    assert query == {"outcome": "REFUSED"} | days
