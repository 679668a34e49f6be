"""The services that earn badges: `earn_badge` for one customer, and `earn_badges` for a list.

A single earn tries the fast path first; the slow path decides everything that it declines.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from badges.models import Owner
from badges.services.customers.confirmations import Confirmation
from badges.services.customers.outcomes import BulkResult
from badges.services.earning.command import EarnCommand, Earned, single_earn_command
from badges.services.earning.fast_path import try_fast_earn
from badges.services.earning.slow_path import earn_many_on_slow_path, earn_on_slow_path
from badges.services.request_log import Origin, fingerprint


def earn_badge(
    *,
    origin: Origin,
    request_id: str,
    customer_id: int,
    badge_id: str | None = None,
    owner: Owner | None = None,
    event_at: datetime | None = None,
    reissue_of: str | None = None,
    confirmation: Confirmation | None = None,
    now: datetime | None = None,
) -> Earned:
    """Give a badge to one customer, once for each request id (CONTRACT.md, 2.1, 5 and 7).

    Without `badge_id` it is the only badge with an active claim equal to `owner`. `event_at` is the
    time of the customer's action, by default the processing time `now` (both aware). Only
    MemberCare may leave out `owner`. `reissue_of` is the revoked earned badge that the new one
    replaces. Raises BadgeError: 809, 403, 404, 715, 716, 815, 750, 810, 816, 2005, 811, 2001, 2002;
    a refusal writes only its row in the request log. With a `confirmation`, raises
    ConfirmationNeeded, and writes nothing, if it does not answer every question (CONTRACT.md, 6.2).
    """
    command = single_earn_command(
        origin=origin,
        request_id=request_id,
        customer_id=customer_id,
        badge_id=badge_id,
        owner=owner,
        event_at=event_at,
        reissue_of=reissue_of,
        confirmation=confirmation,
        now=now,
    )
    return try_fast_earn(command) or earn_on_slow_path(command)


def earn_badges(
    *,
    origin: Origin,
    request_id: str,
    customer_ids: Sequence[int],
    badge_id: str | None = None,
    owner: Owner | None = None,
    event_at: datetime | None = None,
    confirmation: Confirmation | None = None,
    now: datetime | None = None,
) -> BulkResult[Earned]:
    """Give a badge to many customers in one transaction; a customer named twice counts once.

    An error of the badge or of the call refuses the whole call as in `earn_badge`; 811, 2001 and
    2002 refuse only their customer (CONTRACT.md, 2.2). A `confirmation` is checked as in
    `earn_badge`, for the customers that are not refused.
    """
    now = now or timezone.now()
    customer_ids = list(dict.fromkeys(customer_ids))
    arguments = {"badge": badge_id, "owner": owner, "customers": customer_ids, "event_at": event_at}
    command = EarnCommand(
        origin=origin,
        customer_ids=customer_ids,
        owner=owner,
        event_at=event_at or now,
        now=now,
        request_id=request_id,
        badge_id=badge_id,
        fingerprint=fingerprint(**arguments),
        confirmation=confirmation,
    )
    return earn_many_on_slow_path(command)
