"""From a number to the list behind it, for those who may see the list."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse


@dataclass(frozen=True)
class Links:
    """The lists of the admin as one person may open them; an empty link where they may not."""

    user: AbstractBaseUser

    def issued(self, first: date, last: date) -> str:
        """The badges issued on some days, both inclusive."""
        return self._list("earnedbadge", earned_at_from_0=first, earned_at_to_0=last)

    def active_badges(self) -> str:
        return self._list("badgemeta", active__exact=1, status="LIVE")

    def refused(self, day: date, **only) -> str:
        """What was refused on a day, of one `code` or one integrator perhaps."""
        period = {"received_at_from_0": day, "received_at_to_0": day}
        return self._list("requestlog", outcome__exact="REFUSED", **only, **period)

    def badge(self, badge_id: str) -> str:
        """The page of one badge."""
        return self._page("badgemeta", badge_id)

    def _list(self, model: str, **query) -> str:
        if not self.user.has_perm(f"badges.view_{model}"):
            return ""
        return f"{reverse(f'admin:badges_{model}_changelist')}?{urlencode(query)}"

    def _page(self, model: str, pk: str) -> str:
        if not self.user.has_perm(f"badges.view_{model}"):
            return ""
        return reverse(f"admin:badges_{model}_change", args=[pk])
