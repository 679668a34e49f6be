"""From a number to the list behind it, for those who may see the list."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse

from badges.audit.filters import CHANGES
from badges.models import RequestOutcome


@dataclass(frozen=True)
class Links:
    """The lists and pages as one person may open them; an empty link where they may not."""

    user: AbstractBaseUser

    def issued(self, first: date, last: date) -> str:
        """The badges issued on some days, both inclusive."""
        return self._list("view_earnedbadge", "desk:history", since=first, until=last)

    def active_badges(self) -> str:
        """The badges that are switched on and inside their period."""
        query = {"active": "yes", "status": "LIVE"}
        return self._list("view_badgemeta", "desk:definitions", **query)

    def refused(self, day: date, **only) -> str:
        """What was refused on a day, of one `code` or one `actor` perhaps, as it is counted."""
        return self.changes(day, day, outcome=RequestOutcome.REFUSED, **only)

    def changes(self, first: date, last: date, **only) -> str:
        """What was asked to be changed on some days, both inclusive: what is counted by day."""
        query = {"operation": CHANGES} | only | {"since": first, "until": last}
        return self._list("view_requestlog", "desk:requests", **query)

    def badge(self, badge_id: str) -> str:
        """The page of one badge."""
        if not self.user.has_perm("badges.view_badgemeta"):
            return ""
        return reverse("desk:definition", args=[badge_id])

    def _list(self, right: str, name: str, **query) -> str:
        if not self.user.has_perm(f"badges.{right}"):
            return ""
        return f"{reverse(name)}?{urlencode(query)}"
