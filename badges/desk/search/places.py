"""Search by title: the pages of the menu, and pages that the menu does not list."""

from collections.abc import Iterator

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.desk.search.hits import Group, Hit
from badges.desk.search.typed import Typed
from badges.models.names import search_key

SEARCH_PAGE = "desk:find"
MAX_PAGES = 4
# Pages that are not in the menu: title, icon, route and permission; all users have those without.
OTHER_PAGES = [
    (gettext_lazy("New badge"), "add", "desk:definition-new", "badges.add_badgemeta"),
    (gettext_lazy("New badge group"), "add", "desk:group-new", "badges.add_badgegroup"),
    (gettext_lazy("New custom field"), "add", "desk:field-new", "badges.add_customfield"),
    (gettext_lazy("New integrator"), "add", "desk:integrator-new", "badges.add_integrator"),
    (gettext_lazy("New person"), "add", "desk:person-new", "badges.manage_people"),
    (gettext_lazy("Change password"), "password", "admin:password_change", ""),
    (gettext_lazy("Second factor"), "phonelink_lock", "second-factor", ""),
]


def pages(typed: Typed, request) -> Group:
    """Return the pages whose title has a word that begins with each word of the text.

    Without a text, these are the first pages of the menu.
    """
    words = typed.key.split()
    found = [page for page in _all_pages(request) if _has_words(search_key(page.title), words)]
    return Group.of(_("Pages"), "arrow_forward", found, most=MAX_PAGES)


def _has_words(title: str, words: list[str]) -> bool:
    return all(any(each.startswith(word) for each in title.split()) for word in words)


def _all_pages(request) -> Iterator[Hit]:
    """Yield the pages that the user may open, except for the search itself."""
    for group in admin.site.get_sidebar_list(request):  # type: ignore[attr-defined]  # the theme has it
        for item in group["items"]:
            if item["has_permission"] and item["link"] != reverse(SEARCH_PAGE):
                yield _page(item["title"], item["icon"], item["link"], item["description"])
    for title, icon, route, right in OTHER_PAGES:
        if not right or request.user.has_perm(right):
            yield _page(title, icon, reverse(route), "")


def _page(title, icon, link, description) -> Hit:
    return Hit(title=str(title), icon=icon, url=str(link), text=str(description), exact=False)
