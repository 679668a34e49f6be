"""May this happen? Pure functions over values: no database, no clock; they raise BadgeError.

`check_earn` and then `check_customer` are the order of refusals of an earn (design, 3.11):
815, 750, 810, 816 or 811, limits.
"""

import re
from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import (
    DataType,
    Definition,
    Integrator,
    Limit,
    LimitKind,
    LimitLevel,
    Owner,
    OwnerType,
    Status,
    Unit,
)
from badges.models.values import add_months

FUTURE_TOLERANCE = timedelta(hours=24)
OLDEST_START_IN_YEARS = 100
# Far enough for every badge, and near enough for the end of its last cycle to be a date as well.
LATEST_END = datetime(9000, 1, 1, tzinfo=UTC)
LONGEST_WINDOW = {Unit.DAYS: 32_767, Unit.WEEKS: 5_200, Unit.MONTHS: 1_200}


def check_may_act_for(integrator: Integrator | None, owner: Owner | None) -> None:
    """Refuse an integrator that acts for a module it is not meant for; people have no such limit.

    Asked first, so that what exists is not told to who may not touch it.
    """
    if integrator is None or owner is None or integrator.may_act_for(owner.owner_type):
        return
    message = _("This integrator may not act for %(owner_type)s.")
    values = {"owner_type": owner.owner_type}
    raise BadgeError(ErrorCode.NOT_ALLOWED, "owner_type", message, values)


def check_owner_types(owner_types: Iterable[str]) -> None:
    """Refuse to limit an integrator to what is no owner type of the wire."""
    known = [value for value, _label in OwnerType.claimable()]
    for owner_type in owner_types:
        if owner_type not in known:
            message = _("%(given)s is no owner type. There are: %(known)s.")
            values = {"given": owner_type, "known": ", ".join(known)}
            raise BadgeError(ErrorCode.INVALID_INPUT, "owner_types", message, values)


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


def levels_reached(limits: Iterable[Limit], used: Mapping[Limit, int]) -> set[LimitLevel]:
    """Return the levels at which a limit is used up."""
    return {limit.level for limit in limits if used[limit] >= limit.max_earns}


def check_limits(limits: Iterable[Limit], used: Mapping[Limit, int]) -> None:
    """Refuse when a limit is used up, those of the customer before those of the badge."""
    reached = levels_reached(limits, used)
    if LimitLevel.CUSTOMER in reached:
        raise BadgeError(ErrorCode.CUSTOMER_LIMIT_REACHED)
    if LimitLevel.BADGE in reached:
        raise BadgeError(ErrorCode.BADGE_LIMIT_REACHED)


def check_definition(new: Definition, *, old: Definition | None, now: datetime) -> None:
    """Refuse a definition that may not be saved (contract, 2.9, 2.10 and 4.7)."""
    if not new.owners:
        raise BadgeError(ErrorCode.OWNER_NEEDED, "owners")
    if OwnerType.MEMBERCARE in new.owners:
        raise BadgeError(ErrorCode.OWNER_NOT_ALLOWED, "owners", _("MemberCare owns no badges."))
    if new.starts_at >= new.expires_at:
        raise BadgeError(ErrorCode.ENDS_BEFORE_START, "expires_at")
    if new.expires_at > LATEST_END:
        raise BadgeError(ErrorCode.INVALID_INPUT, "expires_at", _("The end is too far ahead."))
    if new.starts_at < add_months(now, -OLDEST_START_IN_YEARS * 12):
        raise BadgeError(ErrorCode.START_TOO_EARLY, "starts_at")
    check_expiries(new)
    check_limits_fit(new.limits)
    if old is not None:
        check_change(new, old=old, now=now)


def check_expiries(badge: Definition) -> None:
    """Refuse a direct badge with an enrolment expiry, and an enrolled one without."""
    if badge.needs_enrolment == (badge.enrolment_expiry is None):
        raise BadgeError(
            ErrorCode.INVALID_INPUT,
            "enrolment_expiry_kind",
            _("An enrolment expiry belongs to badges with enrolment, and to no others."),
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
    for level in LimitLevel:
        if begun and changes_window_kind(new, old, level):
            raise BadgeError(ErrorCode.WINDOW_KIND_IS_FIXED, f"{level.lower()}_limits")
    if {claim.owner_type for claim in old.claims} - new.owners:
        raise BadgeError(ErrorCode.OWNER_HAS_CLAIM, "owners")


def check_limits_fit(limits: Iterable[Limit]) -> None:
    """Refuse two limits of one kind, and windows that lead past the first year of all."""
    seen = set()
    for limit in limits:
        where = f"{limit.level.lower()}_limits"
        kind = (limit.level, limit.kind, limit.unit)
        if kind in seen:
            message = _("The same kind of limit is given twice.")
            raise BadgeError(ErrorCode.INVALID_INPUT, where, message)
        seen.add(kind)
        if limit.unit and limit.length > LONGEST_WINDOW[limit.unit]:
            message = _("A window is not longer than about 100 years.")
            raise BadgeError(ErrorCode.INVALID_INPUT, where, message)


def changes_window_kind(new: Definition, old: Definition, level: LimitLevel) -> bool:
    """Whether the limits of a level go from fixed windows to other kinds, or the other way.

    A limit of the other kind beside those that stay is no change.
    """
    before, after = (
        {limit.kind == LimitKind.FIXED_WINDOW for limit in badge.limits if limit.level == level}
        for badge in (old, new)
    )
    return bool(before and after and before.isdisjoint(after))


def check_named_enough(wanted: int, *, most: int) -> None:
    """Refuse a revocation of nobody, and of more than one call may take back (contract, 2.4)."""
    if not wanted:
        raise BadgeError(ErrorCode.NOBODY_NAMED)
    if wanted > most:
        raise BadgeError(ErrorCode.TOO_MANY_ITEMS)


def check_revocation(fact) -> None:
    """Refuse to revoke what the customer does not have, or has no more."""
    if fact is None or fact.revoked_at is not None:
        raise BadgeError(ErrorCode.NOTHING_TO_REVOKE, "earned_badge_id")


def check_revocable(standing: int, *, most: int) -> None:
    """Refuse a revocation of which nothing is left, and of more than can be taken back at once."""
    if not standing:
        message = _("Nothing of this is left to revoke.")
        raise BadgeError(ErrorCode.NOTHING_TO_REVOKE, "earned_badge_id", message)
    if standing > most:
        raise BadgeError(ErrorCode.TOO_MANY_ITEMS)


def check_reissue(fact) -> None:
    """Refuse to issue again what the customer never had of this badge, or still has."""
    if fact is None or fact.revoked_at is None:
        raise BadgeError(ErrorCode.NOT_REVOKED, "reissue_of")


def check_custom_field(data_type: str, *, mandatory: bool, default: str) -> None:
    """Refuse a custom field without the default it needs (contract, 2.18)."""
    if mandatory and not default:
        raise BadgeError(ErrorCode.DEFAULT_NEEDED, "default_value")
    if default and data_type == DataType.INTEGER and not is_whole_number(default):
        raise BadgeError(ErrorCode.DEFAULT_NOT_NUMERIC, "default_value")
    if default and not fits_data_type(default, data_type):
        raise BadgeError(ErrorCode.INVALID_INPUT, "default_value")


def check_custom_names(given: Iterable[str], *, known: Container[str]) -> None:
    """Refuse values for custom fields that do not exist, or are disabled."""
    for name in given:
        if name not in known:
            message = _("There is no active custom field “%(name)s”.")
            raise BadgeError(ErrorCode.INVALID_INPUT, "custom_fields", message, {"name": name})


def check_custom_value(name: str, value: str, data_type: str) -> None:
    """Refuse a value that is none of the field's type."""
    if not fits_data_type(value, data_type):
        message = _("The value of “%(name)s” does not fit its type.")
        raise BadgeError(ErrorCode.INVALID_INPUT, "custom_fields", message, {"name": name})


def check_custom_field_change(old_type: str, new_type: str, was_active: bool, active: bool) -> None:
    """Refuse another type of data, and to bring back what was disabled."""
    if new_type != old_type:
        raise BadgeError(ErrorCode.INVALID_INPUT, "data_type", _("The type of data cannot change."))
    if active and not was_active:
        raise BadgeError(
            ErrorCode.INVALID_INPUT, "active", _("A disabled custom field stays disabled.")
        )


def is_whole_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]{1,18}", text) is not None


def fits_data_type(value: str, data_type: str) -> bool:
    """Whether the text is a value of a custom field of this type."""
    if data_type == DataType.INTEGER:
        return is_whole_number(value)
    if data_type == DataType.BOOLEAN:
        return value in ("true", "false")
    if data_type == DataType.DATE:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
    return True


def check_new_claim(badge: Definition, owner: Owner) -> None:
    """Refuse a claim by a module that is no owner, or of an inactive badge (contract, 4.3)."""
    if not badge.active:
        raise BadgeError(ErrorCode.BADGE_NOT_LIVE)
    if owner.owner_type not in badge.owners:
        raise BadgeError(ErrorCode.OWNER_NOT_ALLOWED, "owner_type")
