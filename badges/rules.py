"""May this happen? Pure functions over values: no database, no clock; they raise BadgeError.

`check_earn` and then `check_customer` are the order of refusals of an earn (design, 3.11):
815, 750, 810, 816 or 811, limits.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from badges.errors import BadgeError, ErrorCode
from badges.models import Definition, Limit, LimitKind, LimitLevel, Owner, Status
from badges.models.values import add_months

FUTURE_TOLERANCE = timedelta(hours=24)
OLDEST_START_IN_YEARS = 100


def check_named(badge: Definition | None, *, by_id: bool) -> None:
    """Refuse when no badge was found: its id is unknown, or no single badge has the claim."""
    if badge is None and by_id:
        raise BadgeError(ErrorCode.NOT_FOUND, "badge_id")
    if badge is None:
        raise BadgeError(ErrorCode.BADGE_ID_MISSING, "badge_id")


def check_earn(
    badge: Definition, *, now: datetime, event_at: datetime, owner: Owner | None, exempt: bool
) -> None:
    """Refuse an earn that no customer may have; what depends on the customer comes after it.

    `exempt` is MemberCare, the only door that may leave out the owner, and with it the claim.
    """
    check_begun(badge, now=now)
    check_event_date(event_at, now=now)
    check_claim(badge, owner, exempt=exempt)
    if not badge.needs_enrolment:
        check_window(badge, event_at)


def check_customer(badge: Definition, *, enrolled: bool, used: Mapping[Limit, int]) -> None:
    """Refuse an earn that this customer may not have.

    `enrolled` says whether a standing enrolment covers the event date; `used` holds what counts
    against each limit already.
    """
    if badge.needs_enrolment and not enrolled:
        raise BadgeError(ErrorCode.ENROLMENT_REQUIRED)
    check_limits(badge.limits, used)


def check_enrolment(badge: Definition, *, now: datetime, event_at: datetime) -> None:
    """Refuse an enrolment that no customer may have; ownership does not matter (contract, 4.3)."""
    check_begun(badge, now=now)
    if not badge.needs_enrolment:
        raise BadgeError(
            ErrorCode.INVALID_INPUT,
            "badge_id",
            "Customers are not enrolled for this type of badge.",
        )
    check_event_date(event_at, now=now)
    check_window(badge, event_at)
    ends_at = badge.enrolment_expiry.ends(base=event_at, badge_expires_at=badge.expires_at)
    if ends_at <= event_at:
        raise BadgeError(
            ErrorCode.OUTSIDE_WINDOW,
            "event_at",
            "The enrolment would be over before it begins.",
        )


def check_no_overlap(overlaps: bool) -> None:
    if overlaps:
        raise BadgeError(ErrorCode.ENROLMENT_OVERLAPS)


def check_begun(badge: Definition, *, now: datetime) -> None:
    """Refuse an inactive badge and one that is still to come; an expired one has past events."""
    if not badge.active or badge.status(now) == Status.UPCOMING:
        raise BadgeError(ErrorCode.BADGE_NOT_LIVE)


def check_event_date(event_at: datetime, *, now: datetime) -> None:
    if event_at > now + FUTURE_TOLERANCE:
        raise BadgeError(ErrorCode.EVENT_IN_FUTURE, "event_at")


def check_claim(badge: Definition, owner: Owner | None, *, exempt: bool) -> None:
    if owner is None and exempt:
        return
    if owner is None:
        raise BadgeError(ErrorCode.OWNER_TYPE_MISSING, "owner")
    if owner not in badge.claims:
        raise BadgeError(ErrorCode.CLAIM_REQUIRED, "owner")


def check_window(badge: Definition, event_at: datetime) -> None:
    if not badge.starts_at <= event_at < badge.expires_at:
        raise BadgeError(ErrorCode.OUTSIDE_WINDOW, "event_at")


def check_limits(limits: Iterable[Limit], used: Mapping[Limit, int]) -> None:
    """Refuse when a limit is used up, those of the customer before those of the badge."""
    reached = {limit.level for limit in limits if used[limit] >= limit.max_earns}
    if LimitLevel.CUSTOMER in reached:
        raise BadgeError(ErrorCode.CUSTOMER_LIMIT_REACHED)
    if LimitLevel.BADGE in reached:
        raise BadgeError(ErrorCode.BADGE_LIMIT_REACHED)


def check_definition(new: Definition, *, old: Definition | None, now: datetime) -> None:
    """Refuse a definition that may not be saved (contract, 2.9, 2.10 and 4.7)."""
    if not new.owners:
        raise BadgeError(ErrorCode.OWNER_NEEDED, "owners")
    if new.starts_at >= new.expires_at:
        raise BadgeError(ErrorCode.ENDS_BEFORE_START, "expires_at")
    if new.starts_at < add_months(now, -OLDEST_START_IN_YEARS * 12):
        raise BadgeError(ErrorCode.START_TOO_EARLY, "starts_at")
    check_expiries(new)
    if old is not None:
        check_change(new, old=old, now=now)


def check_expiries(badge: Definition) -> None:
    """Refuse a direct badge with an enrolment expiry, and an enrolled one without."""
    if badge.needs_enrolment == (badge.enrolment_expiry is None):
        raise BadgeError(
            ErrorCode.INVALID_INPUT,
            "enrolment_expiry_kind",
            "An enrolment expiry belongs to badges with enrolment, and to no others.",
        )


def check_change(new: Definition, *, old: Definition, now: datetime) -> None:
    """Refuse a change of what is fixed once a badge exists, is live or is claimed."""
    if new.earn_type != old.earn_type:
        raise BadgeError(ErrorCode.EARN_TYPE_IS_FIXED, "earn_type")
    begun = old.status(now) != Status.UPCOMING
    if begun and new.starts_at != old.starts_at:
        raise BadgeError(ErrorCode.START_IS_FIXED, "starts_at")
    if new.expires_at != old.expires_at and new.expires_at <= now:
        raise BadgeError(ErrorCode.ENDS_IN_PAST, "expires_at")
    if begun and any(changes_window_kind(new, old, level) for level in LimitLevel):
        raise BadgeError(ErrorCode.WINDOW_KIND_IS_FIXED, "limits")
    if {claim.owner_type for claim in old.claims} - new.owners:
        raise BadgeError(ErrorCode.OWNER_HAS_CLAIM, "owners")


def changes_window_kind(new: Definition, old: Definition, level: LimitLevel) -> bool:
    """Whether the limits of a level go from fixed windows to other kinds, or the other way."""
    before, after = (
        {limit.kind == LimitKind.FIXED_WINDOW for limit in badge.limits if limit.level == level}
        for badge in (old, new)
    )
    return bool(before and after and before != after)


def check_new_claim(badge: Definition, owner: Owner) -> None:
    """Refuse a claim by a module that is no owner, or of an inactive badge (contract, 4.3)."""
    if not badge.active:
        raise BadgeError(ErrorCode.BADGE_NOT_LIVE)
    if owner.owner_type not in badge.owners:
        raise BadgeError(ErrorCode.OWNER_NOT_ALLOWED, "owner_type")
