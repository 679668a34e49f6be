"""What stands on every page many times: moments and icons. Known to every template."""

from datetime import UTC, datetime
from functools import cache, lru_cache

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def moment(at: datetime | None) -> str:
    """Return a moment in UTC, in the words of the reader's language; a script makes it local."""
    return _moment(at, get_language()) if at else ""


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Return an icon of the theme's font; whoever listens hears nothing of it."""
    mark = '<span class="desk-icon material-symbols-outlined" aria-hidden="true">{}</span>'
    return format_html(mark, name)


@lru_cache(maxsize=2_000)  # the rows of a list have one moment, or few
def _moment(at: datetime, language: str) -> SafeString:
    at = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{words} UTC" data-local>{words} UTC</time>',
        f"{at:%Y-%m-%dT%H:%M:%SZ}",
        words=date_format(at, "DATETIME_FORMAT"),
    )
