"""Search by a part of a name: badges, people and integrators."""

from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _

from badges.desk.search.hits import MAX_HITS, Group, Hit, badge_hit, badge_url
from badges.desk.search.typed import Typed
from badges.models import BadgeMeta, Integrator, UserKey
from badges.models.querysets import MIN_TRIGRAM_LENGTH, keys_matching


def of_name(typed: Typed, user) -> list[Group]:
    """Return the rows with this text in their name that the user has permission to view."""
    return [_badges(typed, user), _people(typed, user), _integrators(typed, user)]


def _badges(typed: Typed, user) -> Group:
    """Return the badge with an id, or the badges with the text in their name."""
    found = []
    if user.has_perm("badges.view_badgemeta"):
        named = BadgeMeta.objects.named_like(typed.text).prefetch_related("images")
        found = list(named.order_by("name")[: MAX_HITS + 1])
    hits = [
        badge_hit(
            badge,
            text=badge.get_earn_type_display(),
            url=badge_url(badge.pk),
            exact=badge.pk == typed.text.lower(),
        )
        for badge in found
    ]
    return Group.of(_("Badges"), "military_tech", hits)


def _people(typed: Typed, user) -> Group:
    """Return members of staff, with their page or, without permission for it, their requests."""
    may_open = user.has_perm("badges.manage_people")
    people: list[User] = []
    if (may_open or user.has_perm("badges.view_requestlog")) and _is_long_enough(typed):
        keys = keys_matching(typed.key, UserKey.objects.all())
        people = list(User.objects.filter(pk__in=keys).order_by("username")[: MAX_HITS + 1])
    hits = [
        Hit(
            title=person.get_full_name() or person.get_username(),
            text=person.get_username() if may_open else _("Requests of this person"),
            url=_person_url(person) if may_open else _requests_url(f"user:{person.pk}"),
            exact=False,
        )
        for person in people
    ]
    return Group.of(_("People"), "badge", hits)


def _integrators(typed: Typed, user) -> Group:
    found: list[Integrator] = []
    if user.has_perm("badges.view_integrator") and _is_long_enough(typed):
        named = Integrator.objects.named_like(typed.text).order_by("name")
        found = list(named.only("name")[: MAX_HITS + 1])
    hits = [
        Hit(
            title=integrator.name,
            text=_("Integrator"),
            url=reverse("desk:integrator", args=[integrator.pk]),
            exact=False,
        )
        for integrator in found
    ]
    return Group.of(_("Integrators"), "api", hits)


def _is_long_enough(typed: Typed) -> bool:
    """Return whether a part of a name is long enough for the trigram index."""
    return len(typed.key) >= MIN_TRIGRAM_LENGTH


def _person_url(person: User) -> str:
    return reverse("desk:person", args=[person.pk])


def _requests_url(actor: str) -> str:
    return f"{reverse('desk:requests')}?{urlencode({'actor': actor})}"
