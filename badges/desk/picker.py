"""The searchable list of badges: what matches, in which order, and how each one stands."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, IntegerField, Q, Value, When, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from badges.desk.pictures import Picture, picture_of
from badges.models import BadgeMeta, Definition, Status

SHOWN = 6


@dataclass(frozen=True)
class Standing:
    """How a badge stands now, in a word, an icon and a colour."""

    tone: str
    icon: str
    label: str


INACTIVE = Standing("off", "block", _("Inactive"))
STANDINGS = {
    Status.LIVE: Standing("good", "check_circle", Status.LIVE.label),
    Status.UPCOMING: Standing("info", "schedule", Status.UPCOMING.label),
    Status.EXPIRED: Standing("warn", "history", Status.EXPIRED.label),
}


@dataclass(frozen=True)
class Choice:
    """One badge of the list."""

    badge: BadgeMeta
    standing: Standing
    picture: Picture
    chosen: bool


@dataclass(frozen=True)
class Picker:
    """The badges shown, of all that match."""

    choices: list[Choice]
    matching: int

    @property
    def shown(self):
        return len(self.choices)


def pick(text: str, chosen_id: str | None, now: datetime) -> Picker:
    """Return the first badges that match, live ones first, the chosen one always on top."""
    found = BadgeMeta.objects.named_like(text) if text else BadgeMeta.objects.all()
    badges = list(found.exclude(pk=chosen_id or "").order_by(_usefulness(now), "name")[:SHOWN])
    chosen = BadgeMeta.objects.filter(pk=chosen_id).first() if chosen_id else None
    if chosen:
        badges.insert(0, chosen)
    prefetch_related_objects(badges, "images")
    choices = [
        Choice(badge, standing(badge, now), picture_of(badge), badge is chosen) for badge in badges
    ]
    return Picker(choices, found.count())


def standing(badge: Definition | BadgeMeta, now: datetime) -> Standing:
    """Return how a badge stands, by its switch and its dates."""
    return STANDINGS[badge.status(now)] if badge.active else INACTIVE


def _usefulness(now: datetime) -> Case:
    ranks = [
        Q(active=True, starts_at__lte=now, expires_at__gt=now),
        Q(active=True, expires_at__lte=now),
        Q(active=True),
    ]
    return Case(
        *(When(condition, then=Value(place)) for place, condition in enumerate(ranks)),
        default=Value(len(ranks)),
        output_field=IntegerField(),
    )
