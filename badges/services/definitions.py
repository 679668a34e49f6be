"""Badge definitions: find them quickly, and change them with a trace."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import (
    BadgeGroup,
    BadgeImage,
    BadgeMeta,
    BadgeOwner,
    BadgeRevision,
    Claim,
    CustomField,
    CustomValue,
    Definition,
    EarnLimit,
    Limit,
    Operation,
    Owner,
    RequestLog,
    is_id,
    new_id,
)
from badges.services.limits import rebuild_tally
from badges.services.requests import Origin, attempt
from badges.services.windows import carried_over

MOST_KNOWN = 5_000

# What this process knows, by badge id. Never trusted: whoever decides on an entry writes only after
# `BadgeMeta.objects.hold` has found its version to stand still.
_known: dict[str, Definition] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeDraft:
    """A whole definition as a door hands it in.

    `values` are the plain columns of BadgeMeta by name, `custom_fields` the values by the name of
    their field; the parts replace what there was, custom fields only when they are given.
    """

    values: dict[str, Any]
    owners: Sequence[str]
    limits: Sequence[Limit] = ()
    images: Sequence[dict[str, str]] = ()
    custom_fields: Mapping[str, str] | None = None


def definition_of(badge_id: str) -> Definition | None:
    """Return the definition, perhaps an outdated one, or None when there is no such badge."""
    return _known.get(badge_id) or reload(badge_id)


def reload(badge_id: str) -> Definition | None:
    """Return the definition as the database has it now, or None."""
    badge = BadgeMeta.objects.with_parts().filter(pk=badge_id).first()
    if badge is None:
        _known.pop(badge_id, None)
        return None
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[badge_id] = definition = badge.definition()
    return definition


def sought(
    badge_id: str | None, owner: Owner | None, *, read: Callable = definition_of
) -> Definition | None:
    """Return the badge of an id, or without one the only badge with an active claim of the owner.

    None when there is no such badge, or several have the claim. `read` is where it comes from:
    whoever decides without holding the badge afterwards wants `reload`.
    """
    if badge_id is not None:
        return read(badge_id)
    if owner is None:
        return None
    claimed = Claim.objects.active().of(owner).values_list("badge_id", flat=True)[:2]
    return read(claimed[0]) if len(claimed) == 1 else None


def held(badge: Definition, customer_ids: Sequence[int]) -> Definition:
    """Return the definition as it now stands and will stand until the transaction ends.

    One customer of a badge without badge limits is held beside others; everything else alone, so
    that what is counted next stays true until it is written.
    """
    customer_id = customer_ids[0] if len(customer_ids) == 1 else None
    while True:
        alone = badge.has_badge_limits
        if BadgeMeta.objects.hold(badge.id, badge.version, customer_id=customer_id, alone=alone):
            return badge
        badge = reload(badge.id)
        rules.check_named(badge, by_id=True)


def create_badge(
    *, origin: Origin, draft: BadgeDraft, badge_id: str | None = None, now: datetime | None = None
) -> BadgeMeta:
    """Create a badge and record its first revision (contract, 2.9).

    Raises BadgeError: 720, 722, 725, 728, 400.
    """
    now = now or timezone.now()
    badge = BadgeMeta(pk=badge_id or new_id(), created_by=origin.number, **draft.values)
    badge.updated_by = origin.number
    with attempt(Operation.CREATE_BADGE, origin=origin, now=now, badge_id=badge.pk) as request:
        rules.check_definition(_drafted(badge, draft), old=None, now=now)
        _check_group(badge.group_id)
        _insert(badge)
        _replace_parts(badge, draft, draft.limits)
        _record(badge, request)
    return badge


def update_badge(
    *, origin: Origin, badge_id: str, draft: BadgeDraft, now: datetime | None = None
) -> BadgeMeta:
    """Change a badge, raise its version and record the revision (contract, 2.10 and 4.7).

    Waits for the earns under way. Raises BadgeError: 404, 720, 722, 723, 724, 725, 728, 738, 826,
    1020, 400.
    """
    now = now or timezone.now()
    with attempt(
        Operation.UPDATE_BADGE, origin=origin, now=now, badge_id=_existing(badge_id)
    ) as request:
        badge = _locked(badge_id)
        old, old_group_id = badge.definition(), badge.group_id
        _take_over(badge, draft.values)
        new = _drafted(badge, draft, claims=old.claims)
        rules.check_definition(new, old=old, now=now)
        if badge.group_id != old_group_id:
            _check_group(badge.group_id)
        _update(badge, origin)
        _replace_parts(badge, draft, carried_over(old, draft.limits, now=now))
        if new.has_badge_limits and not old.has_badge_limits:
            rebuild_tally(badge.pk)
        _record(badge, request)
    return badge


def claim_badge(
    *, origin: Origin, badge_id: str, owner: Owner, now: datetime | None = None
) -> tuple[Claim, bool]:
    """Bind a module's reference to a badge, and return the claim and whether it is a new one.

    Claiming again what is claimed changes nothing. Raises BadgeError: 403, 404, 714, 815
    (contract, 2.13 and 4.3).
    """
    now = now or timezone.now()
    with attempt(Operation.CLAIM, origin=origin, now=now, badge_id=_existing(badge_id)) as request:
        rules.check_may_act_for(origin.integrator, owner)
        badge = _locked(badge_id)
        rules.check_new_claim(badge.definition(), owner)
        claim, created = Claim.objects.get_or_create(badge=badge, **asdict(owner))
        is_new = created or not claim.active
        if is_new:
            claim.active = True
            claim.save()
            _update(badge, origin)
            _record(badge, request)
    return claim, is_new


def unclaim_badge(
    *, origin: Origin, badge_id: str, owner: Owner, now: datetime | None = None
) -> Claim:
    """Take a claim back; the row stays. Raises BadgeError: 403, 404, 737 (contract, 2.13)."""
    now = now or timezone.now()
    with attempt(
        Operation.UNCLAIM, origin=origin, now=now, badge_id=_existing(badge_id)
    ) as request:
        rules.check_may_act_for(origin.integrator, owner)
        badge = _locked(badge_id)
        claim = badge.claims.active().of(owner).first()
        if claim is None:
            raise BadgeError(ErrorCode.CLAIM_NOT_FOUND, "reference_id")
        claim.active = False
        claim.save()
        _update(badge, origin)
        _record(badge, request)
    return claim


def switch_badge(
    *, origin: Origin, badge_id: str, active: bool, now: datetime | None = None
) -> BadgeMeta:
    """Activate or deactivate a badge; to what it is already changes nothing.

    Waits for the earns under way. Raises BadgeError: 404 (contract, 2.14).
    """
    operation = Operation.ACTIVATE_BADGE if active else Operation.DEACTIVATE_BADGE
    with attempt(
        operation, origin=origin, now=now or timezone.now(), badge_id=_existing(badge_id)
    ) as request:
        badge = _locked(badge_id)
        if badge.active != active:
            badge.active = active
            _update(badge, origin)
            _record(badge, request)
    return badge


def _existing(badge_id: str) -> str | None:
    """Return the id when there is such a badge: the request log points to real badges alone."""
    known = is_id(badge_id) and BadgeMeta.objects.filter(pk=badge_id).exists()
    return badge_id if known else None


def _locked(badge_id: str) -> BadgeMeta:
    """Return the badge, with everybody else kept from it until the transaction ends."""
    found = BadgeMeta.objects.select_for_update().filter(pk=badge_id)
    badge = found.first() if is_id(badge_id) else None
    if badge is None:
        raise BadgeError(ErrorCode.NOT_FOUND, "badge_id")
    return badge


def _take_over(badge: BadgeMeta, values: Mapping[str, Any]) -> None:
    """Set the columns; a moment that is given to the second alone is the one that it was."""
    for name, value in values.items():
        old = getattr(badge, name)
        same = isinstance(old, datetime) and old.replace(microsecond=0) == value
        setattr(badge, name, old if same else value)


def _check_group(group_id: str | None) -> None:
    if group_id is None:
        return
    if not (is_id(group_id) and BadgeGroup.objects.filter(pk=group_id, active=True).exists()):
        raise BadgeError(ErrorCode.INVALID_INPUT, "group_id", _("There is no such active group."))


def _drafted(badge: BadgeMeta, draft: BadgeDraft, claims=()) -> Definition:
    return badge.with_parts(owners=draft.owners, limits=draft.limits, claims=claims)


def _insert(badge: BadgeMeta) -> None:
    _save(badge, force_insert=True)


def _update(badge: BadgeMeta, origin: Origin) -> None:
    badge.version += 1
    badge.updated_by = origin.number
    _save(badge, force_update=True)


def _save(badge: BadgeMeta, **how) -> None:
    if BadgeMeta.objects.filter(name=badge.name).exclude(pk=badge.pk).exists():
        raise BadgeError(ErrorCode.NAME_TAKEN, "name")
    try:
        badge.save(**how)
    except IntegrityError as error:
        # The look-up let a twin pass that took the name since; the transaction ends with the raise.
        raise BadgeError(ErrorCode.NAME_TAKEN, "name") from error


def _replace_parts(badge: BadgeMeta, draft: BadgeDraft, limits: Sequence[Limit]) -> None:
    badge.owners.all().delete()
    badge.limits.all().delete()
    badge.images.all().delete()
    BadgeOwner.objects.bulk_create(
        BadgeOwner(badge=badge, owner_type=owner) for owner in dict.fromkeys(draft.owners)
    )
    EarnLimit.objects.bulk_create(EarnLimit.of(badge, limit) for limit in limits)
    BadgeImage.objects.bulk_create(BadgeImage(badge=badge, **image) for image in draft.images)
    given = _active_values(badge) if draft.custom_fields is None else draft.custom_fields
    badge.custom_values.filter(field__active=True).delete()
    CustomValue.objects.bulk_create(
        CustomValue(badge=badge, field=custom_field, value=value)
        for custom_field, value in _custom_values(given)
    )


def _active_values(badge: BadgeMeta) -> dict[str, str]:
    values = badge.custom_values.filter(field__active=True)
    return dict(values.values_list("field__name", "value"))


def _custom_values(given: Mapping[str, str]) -> Iterator[tuple[CustomField, str]]:
    """Yield the values to keep: a mandatory field that was not given falls back to its default."""
    fields = {field.name: field for field in CustomField.objects.filter(active=True)}
    rules.check_custom_names(given, known=fields)
    for name, custom_field in fields.items():
        value = given.get(name) or (custom_field.default_value if custom_field.is_mandatory else "")
        if value:
            rules.check_custom_value(name, value, custom_field.data_type)
            yield custom_field, value


def _record(badge: BadgeMeta, request: RequestLog) -> None:
    """Keep the definition as it stands after the request."""
    BadgeRevision.objects.create(
        badge=badge, version=badge.version, request=request, snapshot=badge.snapshot()
    )
