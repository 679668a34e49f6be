"""Icons of the font of the theme."""

from functools import cache

from django.utils.html import format_html
from django.utils.safestring import SafeString


@cache
def icon(name: str) -> SafeString:
    """Return an icon as HTML, which screen readers ignore."""
    mark = '<span class="desk-icon material-symbols-outlined" aria-hidden="true">{}</span>'
    return format_html(mark, name)
