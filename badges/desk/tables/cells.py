"""The contents of cells that several index tables have: links, ids, states, codes and actors."""

from typing import TYPE_CHECKING, Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from badges.desk.parts.icons import icon
from badges.desk.parts.links import Links
from badges.desk.parts.picker import Pill
from badges.errors import in_words

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NOTHING = "\N{EN DASH}"
# The characters at both ends of a shortened id. Ids of rows begin with the time and end with random
# digits: the end tells them apart.
SHOWN_START, SHOWN_END = 4, 6


def link(url: str, text: Any, **attributes: str) -> SafeString:
    """Return a link, or the text alone if the user may not open the page."""
    if not url:
        return format_html("{}", text)
    others = "".join(format_html(' {}="{}"', name, value) for name, value in attributes.items())
    return format_html('<a href="{}"{}>{}</a>', url, SafeString(others), text)


def badge(badge, links: Links) -> "SafeString | str":
    """Return the name of a badge with a link to it."""
    return link(links.badge(badge.pk), badge.name) if badge else NOTHING


def customer(customer_id: int | None, links: Links) -> "SafeString | str":
    """Return the number of a customer with a link to the page of the customer."""
    return link(links.customer(customer_id), f"{customer_id:d}") if customer_id else NOTHING


def pill(pill: Pill) -> SafeString:
    """Return a state with its icon and colour."""
    return format_html(
        '<span class="desk-pill desk-pill--{}">{}{}</span>', pill.tone, icon(pill.icon), pill.label
    )


def pair(first: Any, second: Any) -> SafeString:
    """Return a text, and another one in a muted colour."""
    if not second:
        return format_html("{}", first)
    return format_html('{} <span class="desk-under">· {}</span>', first, second)


def actor(request) -> SafeString:
    """Return the actor of a request, and its channel."""
    return pair(request.actor, request.get_channel_display())


def code(number: int) -> SafeString:
    """Return an error code with its text."""
    return format_html('<span class="desk-code">{}</span> {}', f"{number:d}", in_words(number))


def shortened(text: str) -> str:
    """Return a long id without its middle."""
    if len(text) <= SHOWN_START + SHOWN_END + 2:
        return text
    return f"{text[:SHOWN_START]}…{text[-SHOWN_END:]}"


def ident(text: Any, *, url: str = "") -> "SafeString | str":
    """Return an id, shortened in the middle, with its whole text as a title and a copy button."""
    if not text:
        return NOTHING
    text = str(text)
    shown = format_html('<span class="desk-id" title="{}">{}</span>', text, shortened(text))
    return format_html(
        '{}<button type="button" class="index-copy" data-index-copy="{}" title="{}">{}'
        '<span class="desk-hidden">{}</span></button>',
        link(url, shown),
        text,
        _("Copy"),
        icon("content_copy"),
        _("Copy %(text)s") % {"text": text},
    )


def words(text: "StrOrPromise | None") -> "StrOrPromise":
    """Return a text, or a dash if there is none."""
    return text or NOTHING


def reason(request) -> "SafeString | StrOrPromise":
    """Return the reason of a request from the list, if it states one, and its comment."""
    stated = getattr(request, "stated", None)
    if stated is None or not stated.words:
        return words(request.reason)
    return pair(stated.words, request.reason)


def case_number(request) -> "SafeString | str":
    """Return the case number of a request, or a dash if it states none."""
    stated = getattr(request, "stated", None)
    return ident(stated.case_number) if stated else NOTHING
