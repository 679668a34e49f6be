"""Moments and icons, as every page has them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.template import Context, Template
from django.utils import translation

AT = datetime(2026, 3, 15, 12, 30, 5, 123, tzinfo=UTC)


def shown(template, **context):
    return Template(template).render(Context(context))


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))])
def test_a_moment_is_told_in_utc_to_people_and_to_scripts(zone):
    with translation.override("en"):
        text = shown("{% moment at %}", at=AT.astimezone(zone))

    words = "15 Mar 2026, 12:30 UTC"
    assert text == (
        f'<time datetime="2026-03-15T12:30:05Z" title="{words}" data-local>{words}</time>'
    )


def test_a_moment_follows_the_language_of_whoever_reads_it():
    told = []
    for language in ("en", "de", "en"):
        with translation.override(language):
            told.append(shown("{% moment at %}", at=AT))

    assert told[0] == told[2] != told[1]
    assert "15. Mär" in told[1]


def test_no_moment_is_nothing():
    assert shown("{% moment at %}", at=None) == ""


def test_an_icon_is_hidden_from_listeners_and_its_name_is_no_markup():
    assert 'aria-hidden="true">undo</span>' in shown('{% icon "undo" %}')
    assert "<b>" not in shown("{% icon name %}", name="<b>")
