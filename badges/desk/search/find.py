"""The results for a text, and the suggestions while it is typed."""

from dataclasses import replace
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from badges.desk.search.hits import Found, Group, Hit
from badges.desk.search.names import of_name
from badges.desk.search.places import pages
from badges.desk.search.recent import recent
from badges.desk.search.typed import Typed
from badges.desk.search.whole_ids import of_whole_id

MAX_SUGGESTED = 5


def find(text: str, request) -> Found:
    """Search for a text by indexed columns, in all rows that the user has permission to view.

    Names are searched only if the text is not the id of an existing row.
    """
    typed = Typed(text)
    groups = _with_hits(of_whole_id(typed, request.user))
    if not any(hit.exact for group in groups for hit in group.hits):
        groups += _with_hits([*of_name(typed, request.user), pages(typed, request)])
    return Found(text=text, groups=groups)


def suggest(text: str, request) -> Found:
    """Return what `find` returns, with actions, recent customers, and fewer results of a kind.

    Without a text, these are the recent customers and the first pages of the menu.
    """
    typed, user = Typed(text), request.user
    if not typed.key:
        return Found(text=text, groups=_with_hits([recent(user), pages(typed, request)]))
    found = find(text, request).groups
    actions = [_actions(typed, found)] if user.has_perm("badges.earn_badge") else []
    if typed.text.isdecimal():
        actions.append(recent(user, beginning=typed.text, without=typed.customer_id))
    groups = _with_hits([*found[:1], *actions, *found[1:]])
    return Found(text=text, groups=[_shortened(group) for group in groups])


def _actions(typed: Typed, found: list[Group]) -> Group:
    """Return what can be done with the customer, or with the first badge, that was found."""
    hits = []
    if typed.customer_id:
        title = _("Issue to %(id)d") % {"id": typed.customer_id}
        hits = [Hit(title=title, text=_("Choose the badge next"), issue_to=typed.customer_id)]
    else:
        badge = next((hit for group in found for hit in group.hits if hit.badge_id), None)
        if badge:
            title = _("Issue “%(badge)s”") % {"badge": badge.title}
            url = f"{reverse('desk:issue')}?{urlencode({'badge': badge.badge_id})}"
            hits = [Hit(title=title, text=_("Enter the customer next"), url=url)]
    return Group(title=_("Actions"), icon="workspace_premium", hits=hits)


def _with_hits(groups: list[Group]) -> list[Group]:
    return [group for group in groups if group.hits]


def _shortened(group: Group) -> Group:
    more = group.more or len(group.hits) > MAX_SUGGESTED
    return replace(group, hits=group.hits[:MAX_SUGGESTED], more=more)
