"""Badge definitions: find them quickly, and change them with a trace."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import (
    BadgeImage,
    BadgeMeta,
    BadgeOwner,
    BadgeRevision,
    Claim,
    Definition,
    EarnLimit,
    Limit,
    Operation,
    Owner,
    RequestLog,
    new_id,
)
from badges.services.limits import rebuild_tally
from badges.services.requests import Origin, attempt

MOST_KNOWN = 5_000

# What this process knows, by badge id. Never trusted: whoever decides on an entry writes only after
# `BadgeMeta.objects.hold` has found its version to stand still.
_known: dict[str, Definition] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeDraft:
    """A whole definition as a door hands it in.

    `values` are the plain columns of BadgeMeta by name; the rest replaces what there was.
    """

    values: dict[str, Any]
    owners: Sequence[str]
    limits: Sequence[Limit] = ()
    images: Sequence[dict[str, str]] = field(default=())


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


def sought(badge_id: str | None, owner: Owner | None) -> Definition | None:
    """Return the badge of an id, or without one the only badge with an active claim of the owner.

    None when there is no such badge, or several have the claim.
    """
    if badge_id is not None:
        return definition_of(badge_id)
    if owner is None:
        return None
    claimed = Claim.objects.active().of(owner).values_list("badge_id", flat=True)[:2]
    return definition_of(claimed[0]) if len(claimed) == 1 else None


def held(badge: Definition, customer_ids: Sequence[int]) -> Definition:
    """Return the definition as it now stands and will stand until the transaction ends.

    One customer of a badge without badge limits is held beside others; everything else alone, so
    that what is counted next stays true until it is written.
    """
    customer_id = customer_ids[0] if len(customer_ids) == 1 else None
    while True:
        alone = bool(badge.badge_limits)
        if BadgeMeta.objects.hold(badge.id, badge.version, customer_id=customer_id, alone=alone):
            return badge
        badge = reload(badge.id)


def create_badge(
    *, origin: Origin, draft: BadgeDraft, badge_id: str | None = None, now: datetime | None = None
) -> BadgeMeta:
    """Create a badge and record its first revision (contract, 2.9).

    Raises BadgeError: 720, 722, 725, 728, 400.
    """
    now = now or timezone.now()
    badge = BadgeMeta(pk=badge_id or new_id(), **draft.values)
    with attempt(Operation.CREATE_BADGE, origin=origin, now=now, badge_id=badge.pk) as request:
        rules.check_definition(_drafted(badge, draft), old=None, now=now)
        _insert(badge)
        _replace_parts(badge, draft)
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
        old = badge.definition()
        for name, value in draft.values.items():
            setattr(badge, name, value)
        new = _drafted(badge, draft, claims=old.claims)
        rules.check_definition(new, old=old, now=now)
        _update(badge)
        _replace_parts(badge, draft)
        if new.badge_limits and not old.badge_limits:
            rebuild_tally(badge.pk)
        _record(badge, request)
    return badge


def claim_badge(
    *, origin: Origin, badge_id: str, owner: Owner, now: datetime | None = None
) -> Claim:
    """Bind a module's reference to a badge; claiming again what is claimed changes nothing.

    Raises BadgeError: 404, 714, 815 (contract, 2.13 and 4.3).
    """
    now = now or timezone.now()
    with attempt(Operation.CLAIM, origin=origin, now=now, badge_id=_existing(badge_id)) as request:
        badge = _locked(badge_id)
        rules.check_new_claim(badge.definition(), owner)
        claim, created = Claim.objects.get_or_create(badge=badge, **asdict(owner))
        if created or not claim.active:
            claim.active = True
            claim.save()
            _update(badge)
            _record(badge, request)
    return claim


def unclaim_badge(
    *, origin: Origin, badge_id: str, owner: Owner, now: datetime | None = None
) -> Claim:
    """Take a claim back; the row stays. Raises BadgeError: 404, 737 (contract, 2.13)."""
    now = now or timezone.now()
    with attempt(
        Operation.UNCLAIM, origin=origin, now=now, badge_id=_existing(badge_id)
    ) as request:
        badge = _locked(badge_id)
        claim = badge.claims.active().of(owner).first()
        if claim is None:
            raise BadgeError(ErrorCode.CLAIM_NOT_FOUND, "reference_id")
        claim.active = False
        claim.save()
        _update(badge)
        _record(badge, request)
    return claim


def _existing(badge_id: str) -> str | None:
    """Return the id when there is such a badge: the request log points to real badges alone."""
    return badge_id if BadgeMeta.objects.filter(pk=badge_id).exists() else None


def _locked(badge_id: str) -> BadgeMeta:
    """Return the badge, with everybody else kept from it until the transaction ends."""
    badge = BadgeMeta.objects.select_for_update().filter(pk=badge_id).first()
    if badge is None:
        raise BadgeError(ErrorCode.NOT_FOUND, "badge_id")
    return badge


def _drafted(badge: BadgeMeta, draft: BadgeDraft, claims=()) -> Definition:
    return badge.with_parts(owners=draft.owners, limits=draft.limits, claims=claims)


def _insert(badge: BadgeMeta) -> None:
    _save(badge, force_insert=True)


def _update(badge: BadgeMeta) -> None:
    badge.version += 1
    _save(badge, force_update=True)


def _save(badge: BadgeMeta, **how) -> None:
    if BadgeMeta.objects.filter(name=badge.name).exclude(pk=badge.pk).exists():
        raise BadgeError(ErrorCode.NAME_TAKEN, "name")
    try:
        badge.save(**how)
    except IntegrityError as error:
        # The look-up let a twin pass that took the name since; the transaction ends with the raise.
        raise BadgeError(ErrorCode.NAME_TAKEN, "name") from error


def _replace_parts(badge: BadgeMeta, draft: BadgeDraft) -> None:
    badge.owners.all().delete()
    badge.limits.all().delete()
    badge.images.all().delete()
    BadgeOwner.objects.bulk_create(
        BadgeOwner(badge=badge, owner_type=owner) for owner in dict.fromkeys(draft.owners)
    )
    EarnLimit.objects.bulk_create(EarnLimit.of(badge, limit) for limit in draft.limits)
    BadgeImage.objects.bulk_create(BadgeImage(badge=badge, **image) for image in draft.images)


def _record(badge: BadgeMeta, request: RequestLog) -> None:
    """Keep the definition as it stands after the request."""
    BadgeRevision.objects.create(
        badge=badge, version=badge.version, request=request, snapshot=badge.snapshot()
    )
