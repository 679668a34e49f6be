"""The rules: pure functions over values, without database and clock, that raise BadgeError.

An earn calls `check_earn` and then `check_customer`, which determines the order of its refusals
(CONTRACT.md, 5.11): 815, 750, 810, 816 or 811, limits.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import (
    DataType,
    Definition,
    EarnedBadge,
    Integrator,
    Limit,
    LimitKind,
    LimitLevel,
    Owner,
    OwnerType,
    Status,
)
from badges.models.names import MAX_NAME_LENGTH, clean_name
from badges.models.querysets import FactT
from badges.models.units import UNITS
from badges.models.values import add_months, required
from badges.times import parse_datetime

FUTURE_TOLERANCE = timedelta(hours=24)
OLDEST_START_IN_YEARS = 100
MAX_ACTIVE_FIELDS = 200
# Later than the end of any badge, and early enough that the end of its last cycle is a valid date.
LATEST_END = datetime(9000, 1, 1, tzinfo=UTC)


def check_may_act_for(integrator: Integrator | None, owner_types: Iterable[str]) -> None:
    """Refuse an operation that concerns an owner type outside the limit of the integrator.

    Users, and integrators without a limit, may act for all owner types. The owner types are read
    one by one, and only for an integrator with a limit. The first one outside the limit ends the
    check, so the integrator learns nothing more about data that it may not access.
    """
    if integrator is None or not integrator.owner_types:
        return
    for owner_type in owner_types:
        if owner_type not in integrator.owner_types:
            message = _("This integrator may not act for %(owner_type)s.")
            if not owner_type:
                message = _("This integrator may act only for its own owner types.")
            values = {"owner_type": owner_type}
            raise BadgeError(ErrorCode.NOT_ALLOWED, "owner_type", message, values)


def check_name(name: str, *, field: str = "name", max_length: int = MAX_NAME_LENGTH) -> str:
    """Return the normalized name; refuse one that is empty, too long or not fully visible."""
    try:
        name = clean_name(name)
    except ValidationError as error:
        raise BadgeError(ErrorCode.INVALID_INPUT, field, error.message, error.params) from error
    if not 1 <= len(name) <= max_length:
        message = _("The name must have 1 to %(longest)d characters.")
        raise BadgeError(ErrorCode.INVALID_INPUT, field, message, {"longest": max_length})
    return name


def check_owner_types(owner_types: Iterable[str]) -> None:
    """Refuse to limit an integrator to owner types that the API does not have."""
    valid = [value for value, _label in OwnerType.claimable()]
    for owner_type in owner_types:
        if owner_type not in valid:
            message = _("%(given)s is no owner type. There are: %(known)s.")
            values = {"given": owner_type, "known": ", ".join(valid)}
            raise BadgeError(ErrorCode.INVALID_INPUT, "owner_types", message, values)


def check_named(badge: Definition | None, *, by_id: bool) -> Definition:
    """Return the badge; refuse a missing one: its id is unknown, or no single one has the claim."""
    if badge is None and by_id:
        raise BadgeError(ErrorCode.NOT_FOUND, "badge_id")
    if badge is None:
        raise BadgeError(ErrorCode.BADGE_ID_MISSING, "badge_id")
    return badge


def check_earn(
    badge: Definition, *, now: datetime, event_at: datetime, owner: Owner | None, exempt: bool
) -> None:
    """Refuse an earn by the rules that do not depend on the customer.

    `exempt` is MemberCare, the only channel that may omit the owner, and with it the claim.
    """
    check_begun(badge, now=now)
    check_event_date(event_at, now=now)
    check_claim(badge, owner, exempt=exempt)
    if not badge.needs_enrolment:
        check_window(badge, event_at)


def check_customer(badge: Definition, *, enrolled: bool, used: Mapping[Limit, int]) -> None:
    """Refuse an earn by the rules that depend on the customer.

    `enrolled` is whether an enrolment that is not revoked covers the event date; `used` has the
    number of earns that already count against each limit.
    """
    if badge.needs_enrolment and not enrolled:
        raise BadgeError(ErrorCode.ENROLMENT_REQUIRED)
    check_limits(badge.limits, used)


def check_enrolment(badge: Definition, *, now: datetime, event_at: datetime) -> None:
    """Refuse an enrolment for any customer; owners do not matter (CONTRACT.md, 4.3)."""
    check_begun(badge, now=now)
    if not badge.needs_enrolment:
        raise BadgeError(
            ErrorCode.INVALID_INPUT,
            "badge_id",
            _("Customers are not enrolled for this type of badge."),
        )
    check_event_date(event_at, now=now)
    check_window(badge, event_at)
    if badge.enrolment_ends(event_at) <= event_at:
        raise BadgeError(
            ErrorCode.OUTSIDE_WINDOW,
            "event_at",
            _("The enrolment would be over before it begins."),
        )


def check_no_overlap(overlaps: bool) -> None:
    if overlaps:
        raise BadgeError(ErrorCode.ENROLMENT_OVERLAPS)


def check_begun(badge: Definition, *, now: datetime) -> None:
    """Refuse an inactive or upcoming badge; an expired badge may have past events."""
    if not badge.active or badge.status(now) == Status.UPCOMING:
        raise BadgeError(ErrorCode.BADGE_NOT_LIVE)


def check_event_date(event_at: datetime, *, now: datetime) -> None:
    if event_at > now + FUTURE_TOLERANCE:
        raise BadgeError(ErrorCode.EVENT_IN_FUTURE, "event_at")


def check_import(*, event_at: datetime, expires_at: datetime, now: datetime) -> None:
    """Refuse an event date in the future, and an expiry that is not after the event date."""
    check_event_date(event_at, now=now)
    if expires_at <= event_at:
        message = _("The expiry must be after the event date.")
        raise BadgeError(ErrorCode.INVALID_INPUT, "expires_at", message)


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


def levels_reached(limits: Iterable[Limit], used: Mapping[Limit, int]) -> set[LimitLevel]:
    """Return the levels at which a limit is used up."""
    return {limit.level for limit in limits if used[limit] >= limit.max_earns}


def check_limits(limits: Iterable[Limit], used: Mapping[Limit, int]) -> None:
    """Refuse an earn if a limit is used up; limits of the customer are checked before others."""
    reached = levels_reached(limits, used)
    if LimitLevel.CUSTOMER in reached:
        raise BadgeError(ErrorCode.CUSTOMER_LIMIT_REACHED)
    if LimitLevel.BADGE in reached:
        raise BadgeError(ErrorCode.BADGE_LIMIT_REACHED)


def check_definition(new: Definition, *, old: Definition | None, now: datetime) -> None:
    """Refuse a definition that may not be saved (CONTRACT.md, 2.9, 2.10 and 4.7)."""
    for refusal in definition_faults(new, old=old, now=now):
        raise refusal


def definition_faults(
    new: Definition, *, old: Definition | None, now: datetime
) -> Iterator[BadgeError]:
    """Yield every reason why a definition may not be saved, so that a form can show all of them."""
    yield from _owner_faults(new)
    yield from _period_faults(new, now)
    yield from _expiry_faults(new)
    try:
        check_limits_fit(new.limits)
    except BadgeError as refusal:
        yield refusal
    if old is not None:
        yield from _change_faults(new, old, now)


def _owner_faults(new: Definition) -> Iterator[BadgeError]:
    if not new.owners:
        yield BadgeError(ErrorCode.OWNER_NEEDED, "owners")
    if OwnerType.MEMBERCARE in new.owners:
        yield BadgeError(ErrorCode.OWNER_NOT_ALLOWED, "owners", _("MemberCare owns no badges."))


def _period_faults(new: Definition, now: datetime) -> Iterator[BadgeError]:
    if new.starts_at >= new.expires_at:
        yield BadgeError(ErrorCode.ENDS_BEFORE_START, "expires_at")
    if new.expires_at > LATEST_END:
        yield BadgeError(ErrorCode.INVALID_INPUT, "expires_at", _("The end is too far ahead."))
    if new.starts_at < add_months(now, -OLDEST_START_IN_YEARS * 12):
        yield BadgeError(ErrorCode.START_TOO_EARLY, "starts_at")


def _expiry_faults(badge: Definition) -> Iterator[BadgeError]:
    """Yield a direct badge with an enrolment expiry, and a badge with enrolment without one."""
    if badge.needs_enrolment == (badge.enrolment_expiry is None):
        yield BadgeError(
            ErrorCode.INVALID_INPUT,
            "enrolment_expiry_kind",
            _("An enrolment expiry belongs to badges with enrolment, and to no others."),
        )


def _change_faults(new: Definition, old: Definition, now: datetime) -> Iterator[BadgeError]:
    """Yield changes of values that are fixed once a badge exists, is live or is claimed."""
    if new.earn_type != old.earn_type:
        yield BadgeError(ErrorCode.EARN_TYPE_IS_FIXED, "earn_type")
    has_begun = old.status(now) != Status.UPCOMING
    if has_begun and new.starts_at != old.starts_at:
        yield BadgeError(ErrorCode.START_IS_FIXED, "starts_at")
    if new.expires_at != old.expires_at and new.expires_at <= now:
        yield BadgeError(ErrorCode.ENDS_IN_PAST, "expires_at")
    for level in LimitLevel:
        if has_begun and changes_window_kind(new, old, level):
            yield BadgeError(ErrorCode.WINDOW_KIND_IS_FIXED, f"{level.lower()}_limits")
    if {claim.owner_type for claim in old.claims} - new.owners:
        yield BadgeError(ErrorCode.OWNER_HAS_CLAIM, "owners")


def check_limits_fit(limits: Iterable[Limit]) -> None:
    """Refuse two limits of one kind, and windows that could begin before the year 1.

    A fixed window that was replaced by a changed one has an end, and is no second limit of its
    kind.
    """
    seen = set()
    for limit in limits:
        field = f"{limit.level.lower()}_limits"
        kind = (limit.level, limit.kind, limit.unit)
        if limit.until is None and kind in seen:
            message = _("The same kind of limit is given twice.")
            raise BadgeError(ErrorCode.INVALID_INPUT, field, message)
        if limit.until is None:
            seen.add(kind)
        if limit.unit and required(limit.length) > UNITS[limit.unit].max_length:
            message = _("A window is not longer than about 100 years.")
            raise BadgeError(ErrorCode.INVALID_INPUT, field, message)


def changes_window_kind(new: Definition, old: Definition, level: LimitLevel) -> bool:
    """Return whether the limits of a level change from fixed windows to other kinds, or back.

    Adding a limit of the other kind to existing limits is not such a change.
    """
    before, after = (
        {limit.kind == LimitKind.FIXED_WINDOW for limit in badge.limits if limit.level == level}
        for badge in (old, new)
    )
    return bool(before and after and before.isdisjoint(after))


def check_item_count(count: int, *, maximum: int) -> None:
    """Refuse an empty revocation, and one of more items than a call may have (CONTRACT.md, 2.4)."""
    if not count:
        raise BadgeError(ErrorCode.NOBODY_NAMED)
    if count > maximum:
        raise BadgeError(ErrorCode.TOO_MANY_ITEMS)


def check_revocation(fact: FactT | None) -> FactT:
    """Return the fact; refuse to revoke one that does not exist, or is already revoked."""
    if fact is None or fact.revoked_at is not None:
        raise BadgeError(ErrorCode.NOTHING_TO_REVOKE, "earned_badge_id")
    return fact


def check_revocable(count: int, *, maximum: int) -> None:
    """Refuse a revocation if nothing is left to revoke, or more than one call may revoke."""
    if not count:
        message = _("Everything here has already been revoked.")
        raise BadgeError(ErrorCode.NOTHING_TO_REVOKE, "earned_badge_id", message)
    if count > maximum:
        raise BadgeError(ErrorCode.TOO_MANY_ITEMS)


def check_reissue(fact: EarnedBadge | None) -> None:
    """Refuse to reissue a badge that the customer never had, or that is not revoked."""
    if fact is None or fact.revoked_at is None:
        raise BadgeError(ErrorCode.NOT_REVOKED, "reissue_of")


def check_custom_field(data_type: str, *, mandatory: bool, default: str) -> None:
    """Refuse a custom field without the default that it needs (CONTRACT.md, 2.18)."""
    if mandatory and not default:
        raise BadgeError(ErrorCode.DEFAULT_NEEDED, "default_value")
    if default and data_type == DataType.INTEGER and not is_whole_number(default):
        raise BadgeError(ErrorCode.DEFAULT_NOT_NUMERIC, "default_value")
    if default and not fits_data_type(default, data_type):
        raise BadgeError(ErrorCode.INVALID_INPUT, "default_value")


def check_custom_field_limit(active: int) -> None:
    """Refuse one more custom field than pages and responses may list (CONTRACT.md, 2.18)."""
    if active >= MAX_ACTIVE_FIELDS:
        message = _("There are %(most)d active custom fields already. Disable one first.")
        raise BadgeError(ErrorCode.TOO_MANY_ITEMS, "name", message, {"most": MAX_ACTIVE_FIELDS})


def check_custom_names(names: Iterable[str], *, fields: Container[str]) -> None:
    """Refuse values for custom fields that do not exist or are disabled."""
    for name in names:
        if name not in fields:
            message = _("There is no active custom field “%(name)s”.")
            raise BadgeError(ErrorCode.INVALID_INPUT, "custom_fields", message, {"name": name})


def check_custom_value(name: str, value: str, data_type: str) -> None:
    """Refuse a value that does not fit the type of the field."""
    if not fits_data_type(value, data_type):
        message = _("The value of “%(name)s” does not fit its type.")
        raise BadgeError(ErrorCode.INVALID_INPUT, "custom_fields", message, {"name": name})


def check_custom_field_change(old_type: str, new_type: str, was_active: bool, active: bool) -> None:
    """Refuse to change the type of data, and to enable a disabled field."""
    if new_type != old_type:
        raise BadgeError(ErrorCode.INVALID_INPUT, "data_type", _("The type of data cannot change."))
    if active and not was_active:
        raise BadgeError(
            ErrorCode.INVALID_INPUT, "active", _("A disabled custom field stays disabled.")
        )


def is_whole_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]{1,18}", text) is not None


def fits_data_type(value: str, data_type: str) -> bool:
    """Return whether a text is a value of a custom field of this type."""
    if data_type == DataType.INTEGER:
        return is_whole_number(value)
    if data_type == DataType.BOOLEAN:
        return value in ("true", "false")
    if data_type == DataType.DATE:
        try:
            parse_datetime(value)
        except ValueError:
            return False
    return True


def check_new_claim(badge: Definition, owner: Owner) -> None:
    """Refuse a claim of a module that is no owner, or on an inactive badge (CONTRACT.md, 4.3)."""
    if not badge.active:
        raise BadgeError(ErrorCode.BADGE_NOT_LIVE)
    if owner.owner_type not in badge.owners:
        raise BadgeError(ErrorCode.OWNER_NOT_ALLOWED, "owner_type")
