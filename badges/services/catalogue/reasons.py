"""The reasons for issuing, which staff choose from."""

from collections.abc import Collection
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges.errors import ErrorCode
from badges.models import IssueReason, Operation
from badges.services.catalogue.groups import save_named
from badges.services.request_log import Origin, logged_request
from badges.services.versions import locked

NAME_TAKEN = _("Another active reason has this name.")


def create_reason(
    *, origin: Origin, name: str, rank: int, now: datetime | None = None
) -> IssueReason:
    """Create a reason. Raises BadgeError: 400 if another active one has the name."""
    with logged_request(Operation.CREATE_REASON, origin=origin, now=now or timezone.now()):
        reason = IssueReason(name=name, rank=rank, created_by=origin.number)
        save_named(reason, origin, ErrorCode.INVALID_INPUT, NAME_TAKEN)
    return reason


def update_reason(
    *,
    origin: Origin,
    reason_id: str,
    name: str | None = None,
    rank: int | None = None,
    active: bool | None = None,
    seen: Collection[str] | None = None,
    now: datetime | None = None,
) -> IssueReason:
    """Change a reason; requests that stated it keep its former name.

    Arguments that are left out change nothing. The version of the reason must be in `seen`, if
    given. Raises BadgeError: 404, 412, 400.
    """
    with logged_request(Operation.UPDATE_REASON, origin=origin, now=now or timezone.now()):
        reason = locked(IssueReason, reason_id, seen=seen)
        changes = {"name": name, "rank": rank, "active": active}
        for column, value in changes.items():
            setattr(reason, column, getattr(reason, column) if value is None else value)
        save_named(reason, origin, ErrorCode.INVALID_INPUT, NAME_TAKEN)
    return reason
