"""The searchable list of badges: the matches, their order and their state."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Case, IntegerField, Q, Value, When, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from badges.desk.parts.pictures import Picture, picture_of
from badges.models import BadgeMeta, Definition, Status
from badges.paging import MAX_LISTED
from badges.selectors.definitions import first_badges

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN = 6


@dataclass(frozen=True)
class Pill:
    """A state as a word, an icon and a colour."""

    tone: str
    icon: str
    label: "StrOrPromise"


INACTIVE = Pill("off", "block", _("Inactive"))
STATUS_PILLS = {
    Status.LIVE: Pill("good", "check_circle", Status.LIVE.label),
    Status.UPCOMING: Pill("info", "schedule", Status.UPCOMING.label),
    Status.EXPIRED: Pill("warn", "history", Status.EXPIRED.label),
}


@dataclass(frozen=True)
class Choice:
    """One badge of the list."""

    badge: BadgeMeta
    pill: Pill
    picture: Picture
    chosen: bool


@dataclass(frozen=True)
class Picker:
    """The badges shown, and the number of matches; if it is cut, there may be more matches."""

    choices: list[Choice]
    matching: int

    @property
    def is_cut(self):
        return self.matching >= MAX_LISTED

    @property
    def is_chosen(self):
        return any(choice.chosen for choice in self.choices)

    @property
    def shown(self):
        return len(self.choices)


def pick(text: str, chosen_id: str | None, now: datetime) -> Picker:
    """Return the first badges that match, live ones first, with the chosen one always on top.

    Without a text, the list has the badges that a page may read (`first_badges`).
    """
    found = BadgeMeta.objects.named_like(text) if text else first_badges(now)
    of_choice = Q(pk=chosen_id or "")
    first = Case(When(of_choice, then=Value(0)), default=Value(1), output_field=IntegerField())
    shown = found | BadgeMeta.objects.filter(of_choice)
    badges = list(shown.order_by(first, _usefulness(now), "name")[: SHOWN + 1])
    is_chosen = [badge.pk == chosen_id for badge in badges]
    badges = badges[: SHOWN + any(is_chosen)]
    prefetch_related_objects(badges, "images")
    choices = [
        Choice(badge, pill_of(badge, now), picture_of(badge), chosen)
        for badge, chosen in zip(badges, is_chosen, strict=False)
    ]
    return Picker(choices, found.count())


def pill_of(badge: Definition | BadgeMeta, now: datetime) -> Pill:
    """Return the state of a badge as a pill, from its active flag and its dates."""
    return STATUS_PILLS[badge.status(now)] if badge.active else INACTIVE


def _usefulness(now: datetime) -> Case:
    ranks = [
        Q(active=True, starts_at__lte=now, expires_at__gt=now),
        Q(active=True, expires_at__lte=now),
        Q(active=True),
    ]
    return Case(
        *(When(condition, then=Value(index)) for index, condition in enumerate(ranks)),
        default=Value(len(ranks)),
        output_field=IntegerField(),
    )
