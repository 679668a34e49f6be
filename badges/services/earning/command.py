"""The command of an earn and the row that it inserts, which all paths share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.utils import timezone

from badges import rules
from badges.models import Channel, Definition, Enrolment, Owner, OwnerType, new_id
from badges.models.values import is_never
from badges.services.customers.confirmations import Confirmation
from badges.services.request_log import Origin, fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnCommand:
    """The input of an earn, the same for all its customers.

    `badge_id` is None if the badge is found by its claim. `fingerprint` is a hash of the input as
    the client sent it, before defaults are filled in. `confirmation` is None for every channel but
    the desk, whose users are asked before the write.
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
    confirmation: Confirmation | None = None

    @property
    def customer_id(self) -> int:
        """The customer of a command for one customer."""
        (customer_id,) = self.customer_ids
        return customer_id

    @property
    def trigger(self) -> Owner:
        """The owner to record: MemberCare if the command names none."""
        return self.owner or Owner(OwnerType.MEMBERCARE, self.origin.actor)

    def check(self, badge: Definition) -> None:
        """Refuse errors of the badge or of the call, which are the same for all customers."""
        exempt = self.origin.channel == Channel.MEMBERCARE
        rules.check_earn(
            badge, now=self.now, event_at=self.event_at, owner=self.owner, exempt=exempt
        )

    def row(
        self,
        badge: Definition,
        customer_id: int,
        *,
        pk: str | None = None,
        enrolment_id: str | None = None,
        enrolment: Enrolment | None = None,
        request_id: int | None = None,
    ) -> "Earned":
        """Return the row that gives the badge to one of the customers; `pk` defaults to a new id.

        `request_id` is the primary key in the request log, if that row is already written.
        """
        trigger = self.trigger
        return Earned(
            id=pk or new_id(self.now),
            badge_id=badge.id,
            customer_id=customer_id,
            event_at=self.event_at,
            expires_at=badge.earned_badge_ends(self.now),
            owner_type=trigger.owner_type,
            reference_id=trigger.reference_id,
            request_id=request_id,
            earned_at=self.now,
            enrolment_id=enrolment_id,
            reissue_of_id=self.reissue_of,
            badge_version=badge.version,
            enrolment=enrolment,
        )


def single_earn_command(
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
) -> EarnCommand:
    """Return the command of a single earn.

    The arguments are those of `services.earning.earn.earn_badge`.
    """
    now = now or timezone.now()
    arguments = {"badge": badge_id, "owner": owner, "customer": customer_id, "event_at": event_at}
    if reissue_of:  # without it, the fingerprint equals that of older versions
        arguments["reissue_of"] = reissue_of
    return EarnCommand(
        origin=origin,
        customer_ids=[customer_id],
        owner=owner,
        event_at=event_at or now,
        now=now,
        request_id=request_id,
        badge_id=badge_id,
        reissue_of=reissue_of,
        fingerprint=fingerprint(**arguments),
        confirmation=confirmation,
    )


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """The row of an earned badge, to be inserted, inserted or previewed.

    The fields are the columns of `EarnedBadge` that an earn fills, and two more: `badge_version` is
    the version of the definition that decided, and `enrolment` is set if it was looked up.
    """

    id: str
    badge_id: str
    customer_id: int
    event_at: datetime
    expires_at: datetime
    owner_type: str
    reference_id: str
    request_id: int | None
    earned_at: datetime
    enrolment_id: str | None = None
    reissue_of_id: str | None = None
    badge_version: int | None = None
    enrolment: Enrolment | None = None

    @property
    def never_expires(self) -> bool:
        """Whether the badge never expires."""
        return is_never(self.expires_at, base=self.earned_at)

    @property
    def pk(self) -> str:
        """The id, by its name in Django's models."""
        return self.id
