"""Links from a number to the list behind it, for users who may view the list."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.urls import reverse

from badges.audit.filters import CHANGES
from badges.models import RequestOutcome


@dataclass(frozen=True)
class Links:
    """The URLs of lists and pages; a URL is empty if the user lacks the permission."""

    user: User

    def issued(self, first: date, last: date, **only) -> str:
        """Return the URL of the badges issued on some days, perhaps of one `channel`."""
        return self._list("view_earnedbadge", "desk:history", **only, since=first, until=last)

    def active_badges(self) -> str:
        """Return the URL of the badges that are active and within their period."""
        query = {"active": "yes", "status": "LIVE"}
        return self._list("view_badgemeta", "desk:definitions", **query)

    def refused(self, first: date, last: date, **only) -> str:
        """Return the URL of the refusals on some days, perhaps of one `code` or one `actor`."""
        return self.changes(first, last, outcome=RequestOutcome.REFUSED, **only)

    def changes(self, first: date, last: date, **only) -> str:
        """Return the URL of the requests on some days, both inclusive, that are counted by day."""
        query = {"operation": CHANGES} | only | {"since": first, "until": last}
        return self._list("view_requestlog", "desk:requests", **query)

    def badge(self, badge_id: str) -> str:
        """Return the URL of one badge."""
        return self._page("view_badgemeta", "desk:definition", badge_id)

    def customer(self, customer_id: int) -> str:
        """Return the URL of the page of a customer."""
        return self._page("view_earnedbadge", "desk:customer", customer_id)

    def timeline(self, url: str) -> str:
        """Return the URL of an entry of a timeline, which `timeline_url` made."""
        return url if self.user.has_perm("badges.view_earnedbadge") else ""

    def request(self, pk: int) -> str:
        """Return the URL of one request of the log."""
        return self._page("view_requestlog", "desk:request", pk)

    def record(self) -> str:
        """Return the URL of the page that shows how far the record is sealed."""
        return self._page("view_seal", "desk:record")

    def _page(self, right: str, name: str, *arguments) -> str:
        return reverse(name, args=arguments) if self.user.has_perm(f"badges.{right}") else ""

    def _list(self, right: str, name: str, **query) -> str:
        if not self.user.has_perm(f"badges.{right}"):
            return ""
        given = {key: value for key, value in query.items() if value != ""}
        return f"{reverse(name)}?{urlencode(given)}"
