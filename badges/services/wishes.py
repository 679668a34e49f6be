"""What is asked of an earn, and what became of it: the values that both of its ways share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.utils import timezone

from badges import rules
from badges.models import Channel, Definition, Enrolment, Owner, OwnerType
from badges.services.requests import Origin, fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked, the same for all its customers.

    `badge_id` is the badge by its id, or None when it is sought by its claim. `fingerprint` is that
    of what was asked, with what the sender left out left out.
    """

    origin: Origin
    customer_ids: Sequence[int]
    owner: Owner | None
    event_at: datetime
    now: datetime
    request_id: str = ""
    badge_id: str | None = None
    reissue_of: str | None = None
    fingerprint: str = ""

    @property
    def customer_id(self) -> int:
        """The customer of a wish for one."""
        (customer_id,) = self.customer_ids
        return customer_id

    @property
    def trigger(self) -> Owner:
        """Who is recorded as the owner: MemberCare where nobody is named."""
        return self.owner or Owner(OwnerType.MEMBERCARE, self.origin.actor)

    def check(self, badge: Definition) -> None:
        """Refuse what concerns the badge or the call, whoever the customers are."""
        exempt = self.origin.channel == Channel.MEMBERCARE
        rules.check_earn(
            badge, now=self.now, event_at=self.event_at, owner=self.owner, exempt=exempt
        )


def wish_for_one(
    *,
    origin: Origin,
    request_id: str,
    customer_id: int,
    badge_id: str | None = None,
    owner: Owner | None = None,
    event_at: datetime | None = None,
    reissue_of: str | None = None,
    now: datetime | None = None,
) -> Wish:
    """Return the wish of a single earn, with the arguments of `services.earn.earn_badge`."""
    now = now or timezone.now()
    meant = {"badge": badge_id, "owner": owner, "customer": customer_id, "event_at": event_at}
    if reissue_of:  # left out when it is not meant: who asks again may have asked before it existed
        meant["reissue_of"] = reissue_of
    return Wish(
        origin=origin,
        customer_ids=[customer_id],
        owner=owner,
        event_at=event_at or now,
        now=now,
        request_id=request_id,
        badge_id=badge_id,
        reissue_of=reissue_of,
        fingerprint=fingerprint(**meant),
    )


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """A badge that was given or would be, as its row has it; `request_id` is that of the log.

    The `enrolment` that it rests on is there where it was looked up.
    """

    pk: str
    badge_id: str
    customer_id: int
    event_at: datetime
    earned_at: datetime
    expires_at: datetime
    enrolment_id: str | None
    request_id: int | None
    enrolment: Enrolment | None = None

    @classmethod
    def of(cls, row, request_id: int) -> "Earned":
        """Return it from what was written of it, and the number of its request."""
        return cls(
            pk=row.pk,
            badge_id=row.badge_id,
            customer_id=row.customer_id,
            event_at=row.event_at,
            earned_at=row.earned_at,
            expires_at=row.expires_at,
            enrolment_id=row.enrolment_id,
            request_id=request_id,
        )
