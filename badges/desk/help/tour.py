"""The tour of one minute on the home page, at the first sign-in."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TOUR = "tour"


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One step; `target` is the URL path of the menu entry, or "search" for the search box."""

    title: "StrOrPromise"
    text: "StrOrPromise"
    target: str
    right: str = ""


STOPS = [
    Stop(
        title=_("Search from anywhere"),
        text=_(
            "Press / or Ctrl+K and type a customer number, a badge or a page. Choose a suggestion "
            "with the arrow keys and Enter."
        ),
        target="search",
        right="badges.view_earnedbadge",
    ),
    Stop(
        title=_("Issue a badge"),
        text=_(
            "Enter the customer, choose the badge, press Ctrl+Enter. You see before the click "
            "whether it can be issued."
        ),
        target="desk:issue",
        right="badges.earn_badge",
    ),
    Stop(
        title=_("Take it back"),
        text=_("Revoke one badge or many. You see a preview before anything changes."),
        target="desk:revoke",
        right="badges.revoke_badge",
    ),
    Stop(
        title=_("Define badges"),
        text=_("All badges, with their periods, owners and limits. Create one or copy one here."),
        target="desk:definitions",
        right="badges.add_badgemeta",
    ),
    Stop(
        title=_("See what happened"),
        text=_("Every attempt is in the request log, accepted or refused, from screens and API."),
        target="desk:requests",
        right="badges.view_requestlog",
    ),
    Stop(
        title=_("Prove it"),
        text=_("Verify that nobody altered the record, and export what you filtered."),
        target="desk:record",
        right="badges.add_verification",
    ),
    Stop(
        title=_("Get help"),
        text=_(
            "Press ? for all keyboard shortcuts. The help page explains each task and each word, "
            "and shows this tour again."
        ),
        target="desk:help",
    ),
]


def stops_for(user) -> list[Stop]:
    return [stop for stop in STOPS if not stop.right or user.has_perm(stop.right)]


def is_tour_shown(request) -> bool:
    """Return whether the home page shows the tour: until it is dismissed, or when asked for."""
    return "tour" in request.GET or TOUR not in request.user.preferences.dismissed
