"""The results of a search."""

from dataclasses import dataclass, field

from django.urls import reverse

from badges.desk.parts.grouped_numbers import explain_grouped_numbers
from badges.desk.parts.pictures import Picture, picture_of
from badges.models import BadgeMeta

MAX_HITS = 8


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One search result; an `exact` one matches a whole id. `badge_id` is the badge in its title.

    `issue_to` is set instead of a URL for the form to issue a badge to this customer: the number
    is posted, so that it is in no URL.
    """

    title: str
    text: str
    url: str = ""
    exact: bool = True
    badge_id: str = ""
    icon: str = ""
    picture: Picture | None = None
    issue_to: int | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """The results of one kind; `more` is true if more were found than are shown."""

    title: str
    icon: str
    hits: list[Hit]
    more: bool = False

    @classmethod
    def of(cls, title: str, icon: str, hits: list[Hit], most: int = MAX_HITS) -> "Group":
        """Return the group of the first `most` results."""
        return cls(title=title, icon=icon, hits=hits[:most], more=len(hits) > most)


@dataclass(kw_only=True)
class Found:
    """The results of a search."""

    text: str
    groups: list[Group] = field(default_factory=list)

    @property
    def hits(self) -> list[Hit]:
        return [hit for group in self.groups for hit in group.hits]

    @property
    def only(self) -> Hit | None:
        """Return the only result, to redirect to its page, or None."""
        return self.hits[0] if len(self.hits) == 1 else None

    @property
    def explanation(self) -> str:
        """Return the reason if a number in groups of digits is not looked up as a customer."""
        return explain_grouped_numbers(self.text)


def badge_url(badge_id: str) -> str:
    return reverse("desk:definition", args=[badge_id])


def badge_hit(badge: BadgeMeta, **shown) -> Hit:
    """Return a result with the name and the picture of a badge."""
    return Hit(title=badge.name, badge_id=badge.pk, picture=picture_of(badge), **shown)
