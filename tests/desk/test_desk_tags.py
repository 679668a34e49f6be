"""The template tags for datetimes and icons."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone as timezones
from django.utils import translation

AT = datetime(2026, 3, 15, 12, 30, 5, 123, tzinfo=UTC)


def shown(template, **context):
    return Template(template).render(Context(context))


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))])
def test_a_datetime_is_rendered_in_the_current_zone_with_utc_on_hover(zone):
    with translation.override("en"), timezones.override(ZoneInfo("America/New_York")):
        text = shown("{% datetime at %}", at=AT.astimezone(zone))

    assert text == (
        '<time datetime="2026-03-15T12:30:05Z" title="15 Mar 2026, 12:30 UTC">'
        "15 Mar 2026, 08:30</time>"
    )


def test_a_date_keeps_the_time_in_utc_on_hover():
    with translation.override("en"), timezones.override(ZoneInfo("Pacific/Apia")):
        text = shown('{% datetime at "date" %}', at=AT)

    assert text == (
        '<time datetime="2026-03-15T12:30:05Z" title="15 Mar 2026, 12:30 UTC">16 Mar 2026</time>'
    )


def test_a_datetime_follows_the_language_of_the_reader():
    rendered = []
    for language in ("en", "de", "en"):
        with translation.override(language):
            rendered.append(shown("{% datetime at %}", at=AT))

    assert rendered[0] == rendered[2] != rendered[1]
    assert "15. Mär" in rendered[1]


def test_a_missing_datetime_is_rendered_empty():
    assert shown("{% datetime at %}", at=None) == ""


def test_an_icon_is_hidden_from_screen_readers_and_escapes_its_name():
    assert 'aria-hidden="true">undo</span>' in shown('{% icon "undo" %}')
    assert "<b>" not in shown("{% icon name %}", name="<b>")
