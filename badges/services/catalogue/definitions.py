"""Badge definitions: a cache for reads, and edits that are recorded as revisions."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from threading import Lock
from typing import Any

from cachetools import LRUCache
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
from badges.models.names import normalize_name
from badges.services.catalogue.windows import limits_to_keep
from badges.services.customers.limits import rebuild_tally
from badges.services.request_log import ALL_OWNER_TYPES, Origin, logged_request
from badges.services.versions import check_version, locked, save_changes

MAX_CACHED = 5_000

# Cached definitions by badge id, possibly outdated. Code that decides on an entry writes only after
# `BadgeMeta.objects.lock` has confirmed its version.
_cache: LRUCache[str, Definition] = LRUCache(MAX_CACHED)
_cache_lock = Lock()  # even a read of an LRUCache changes it


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeDraft:
    """A whole definition, as an entry point passes it to a service.

    `values` are the plain columns of BadgeMeta by name, `custom_fields` the values by the name of
    their field. Columns that are not given stay unchanged. The parts replace the existing ones;
    custom fields do so only if they are given.
    """

    values: dict[str, Any]
    owners: Sequence[str]
    limits: Sequence[Limit] = ()
    images: Sequence[dict[str, str]] = ()
    custom_fields: Mapping[str, str] | None = None


def cached_definition(badge_id: str) -> Definition | None:
    """Return the definition, possibly outdated, or None if there is no such badge."""
    with _cache_lock:
        definition = _cache.get(badge_id)
    return definition or reload(badge_id)


def reload(badge_id: str) -> Definition | None:
    """Return the current definition from the database, or None."""
    rows = BadgeMeta.objects.with_parts().filter(pk=badge_id)
    badge = rows.first() if is_id(badge_id) else None  # PostgreSQL refuses NUL
    definition = badge.definition() if badge else None
    with _cache_lock:
        if definition is None:
            _cache.pop(badge_id, None)
        else:
            _cache[badge_id] = definition
    return definition


def find_definition(
    badge_id: str | None,
    owner: Owner | None,
    *,
    read: Callable[[str], Definition | None] = cached_definition,
) -> Definition | None:
    """Return the badge with this id, or without an id the only badge with this active claim.

    None if there is no such badge, or several badges have the claim. `read` fetches the definition:
    pass `reload` if no later lock confirms the version.
    """
    if badge_id is not None:
        return read(badge_id)
    if owner is None:
        return None
    claimed = Claim.objects.active().of(owner).values_list("badge_id", flat=True)[:2]
    return read(claimed[0]) if len(claimed) == 1 else None


def lock_definition(badge: Definition, customer_ids: Sequence[int]) -> Definition:
    """Lock a badge until the transaction ends, and return its current definition.

    For one customer of a badge without badge limits, the lock admits other customers at the same
    time. Otherwise it is exclusive, so that counts stay correct until the new rows are written.
    """
    customer_id = customer_ids[0] if len(customer_ids) == 1 else None
    while True:
        exclusive = badge.has_badge_limits
        if BadgeMeta.objects.lock(
            badge.id, badge.version, customer_id=customer_id, exclusive=exclusive
        ):
            return badge
        badge = rules.check_named(reload(badge.id), by_id=True)


def owners_of_fact(
    badge: Definition | None, owner: Owner | None, customer_ids: Sequence[int]
) -> Iterator[str]:
    """Yield the owner types that an earned badge, an enrolment or a claim of `owner` concerns.

    One of the owners of a badge acts for itself alone, even if the badge has further owners: each
    of them may claim the badge and give it. On a badge of other owners, an action concerns all of
    them. The badge is locked while its owners are read.
    """
    if owner is None:
        yield from ALL_OWNER_TYPES
        return
    yield owner.owner_type
    if badge is not None:
        yield from owners_concerned(lock_definition(badge, customer_ids), owner)


def owners_concerned(badge: Definition, owner: Owner) -> Iterator[str]:
    """Yield the owner types that an action of `owner` on this badge concerns."""
    yield owner.owner_type
    yield from () if owner.owner_type in badge.owners else badge.owners


def create_badge(
    *, origin: Origin, draft: BadgeDraft, badge_id: str | None = None, now: datetime | None = None
) -> BadgeMeta:
    """Create a badge and record its first revision (CONTRACT.md, 2.9).

    Raises BadgeError: 403, 720, 722, 725, 728, 400.
    """
    now = now or timezone.now()
    badge = BadgeMeta(pk=badge_id or new_id(), **draft.values)
    badge.created_at = badge.updated_at = now
    badge.created_by = badge.updated_by = origin.number
    with logged_request(
        Operation.CREATE_BADGE, origin=origin, now=now, owners=draft.owners, badge_id=badge.pk
    ) as request:
        badge.name = rules.check_name(badge.name)
        rules.check_definition(_draft_definition(badge, draft), old=None, now=now)
        _check_group(badge.group_id)
        _save(badge)
        _replace_parts(badge, draft, draft.limits, None)
        _record_revision(badge, request)
    return badge


def update_badge(
    *,
    origin: Origin,
    badge_id: str,
    draft: BadgeDraft,
    seen: Collection[str] | None = None,
    now: datetime | None = None,
) -> BadgeMeta:
    """Change a badge, raise its version and record the revision (CONTRACT.md, 2.10 and 4.7).

    Waits for running earns. The version of the badge must be in `seen`, if given. Raises
    BadgeError: 403, 404, 412, 720, 722, 723, 724, 725, 728, 738, 826, 1020, 400.
    """
    now = now or timezone.now()
    with logged_request(
        Operation.UPDATE_BADGE,
        origin=origin,
        now=now,
        owners=chain(draft.owners, _lock_owners(badge_id)),
        badge_id=_existing_id(badge_id),
    ) as request:
        badge = _lock_badge(badge_id, seen)
        old, old_group_id = badge.definition(), badge.group_id
        _set_columns(badge, draft.values, now)
        badge.name = rules.check_name(badge.name)
        new = _draft_definition(badge, draft, claims=old.claims)
        rules.check_definition(new, old=old, now=now)
        if badge.group_id != old_group_id:
            _check_group(badge.group_id)
        _update(badge, origin, now)
        _replace_parts(badge, draft, limits_to_keep(old, draft.limits, now=now), old)
        if new.has_badge_limits and not old.has_badge_limits:
            rebuild_tally(badge.pk)
        _record_revision(badge, request)
    return badge


def claim_badge(
    *, origin: Origin, badge_id: str, owner: Owner, now: datetime | None = None
) -> tuple[Claim, bool]:
    """Bind a module's reference to a badge; return the claim and whether it is new.

    A repeated claim changes nothing. Raises BadgeError: 403, 404, 714, 815 (CONTRACT.md, 2.13 and
    4.3).
    """
    now = now or timezone.now()
    with _locked_claim(Operation.CLAIM, origin, badge_id, owner, now) as (badge, request):
        rules.check_new_claim(badge.definition(), owner)
        claim, created = Claim.objects.get_or_create(
            badge=badge, **asdict(owner), defaults={"created_at": now}
        )
        is_new = created or not claim.active
        if is_new:
            claim.active, claim.updated_at = True, now
            claim.save()
            _update(badge, origin, now)
            _record_revision(badge, request)
    return claim, is_new


def unclaim_badge(
    *, origin: Origin, badge_id: str, owner: Owner, now: datetime | None = None
) -> Claim:
    """Deactivate a claim; its row stays. Raises BadgeError: 403, 404, 737 (CONTRACT.md, 2.13)."""
    now = now or timezone.now()
    with _locked_claim(Operation.UNCLAIM, origin, badge_id, owner, now) as (badge, request):
        claim = badge.claims.active().of(owner).first()
        if claim is None:
            raise BadgeError(ErrorCode.CLAIM_NOT_FOUND, "reference_id")
        claim.active, claim.updated_at = False, now
        claim.save()
        _update(badge, origin, now)
        _record_revision(badge, request)
    return claim


@contextmanager
def _locked_claim(
    operation: Operation, origin: Origin, badge_id: str, owner: Owner, now: datetime
) -> Iterator[tuple[BadgeMeta, RequestLog]]:
    """Lock the badge of a claim in the transaction of its request, and yield both."""
    with logged_request(
        operation,
        origin=origin,
        now=now,
        owners=_owners_of_claim(badge_id, owner),
        badge_id=_existing_id(badge_id),
    ) as request:
        yield _lock_badge(badge_id), request


def _owners_of_claim(badge_id: str, owner: Owner) -> Iterator[str]:
    """Yield the owner types of `owners_of_fact`.

    As a generator, it reads the definition only for limited integrators.
    """
    yield from owners_of_fact(cached_definition(badge_id), owner, [])


def switch_badge(
    *,
    origin: Origin,
    badge_id: str,
    active: bool,
    seen: Collection[str] | None = None,
    now: datetime | None = None,
) -> BadgeMeta:
    """Activate or deactivate a badge; change nothing if it is in that state already.

    Waits for running earns. If there is something to change, the version of the badge must be in
    `seen`, if given. Raises BadgeError: 403, 404, 412 (CONTRACT.md, 2.14).
    """
    now = now or timezone.now()
    operation = Operation.ACTIVATE_BADGE if active else Operation.DEACTIVATE_BADGE
    with logged_request(
        operation,
        origin=origin,
        now=now,
        owners=_lock_owners(badge_id),
        badge_id=_existing_id(badge_id),
    ) as request:
        badge = _lock_badge(badge_id)
        if badge.active != active:
            check_version(badge, seen)
            badge.active = active
            _update(badge, origin, now)
            _record_revision(badge, request)
    return badge


def _existing_id(badge_id: str) -> str | None:
    """Return the id if the badge exists, else None: the request log refers to existing badges."""
    exists = is_id(badge_id) and BadgeMeta.objects.filter(pk=badge_id).exists()
    return badge_id if exists else None


def _lock_badge(badge_id: str, seen: Collection[str] | None = None) -> BadgeMeta:
    """Lock a badge exclusively until the transaction ends, and return it."""
    message = ErrorCode.NOT_FOUND.message
    return locked(BadgeMeta, badge_id, seen=seen, field="badge_id", message=message)


def _lock_owners(badge_id: str) -> Iterator[str]:
    """Yield the owner types of a badge, and lock it so that they cannot change."""
    owners = _lock_badge(badge_id).owners.values_list("owner_type", flat=True)
    yield from list(owners) or ALL_OWNER_TYPES


def _set_columns(badge: BadgeMeta, values: Mapping[str, Any], now: datetime) -> None:
    """Set the columns.

    A start in the past keeps its microseconds if the new value equals it in whole seconds.
    """
    start = badge.starts_at
    for name, value in values.items():
        setattr(badge, name, value)
    if start <= now and badge.starts_at == start.replace(microsecond=0):
        badge.starts_at = start


def _check_group(group_id: str | None) -> None:
    if group_id is None:
        return
    if not (is_id(group_id) and BadgeGroup.objects.filter(pk=group_id, active=True).exists()):
        raise BadgeError(ErrorCode.INVALID_INPUT, "group_id", _("There is no such active group."))


def _draft_definition(
    badge: BadgeMeta, draft: BadgeDraft, claims: Iterable[Owner] = ()
) -> Definition:
    return badge.with_parts(owners=draft.owners, limits=draft.limits, claims=claims)


def _update(badge: BadgeMeta, origin: Origin, now: datetime) -> None:
    badge.version += 1
    badge.updated_at, badge.updated_by = now, origin.number
    _save(badge)


def _save(badge: BadgeMeta) -> None:
    if BadgeMeta.objects.filter(name=badge.name).exclude(pk=badge.pk).exists():
        raise BadgeError(ErrorCode.NAME_TAKEN, "name")
    try:
        save_changes(badge)
    except IntegrityError as error:
        # A concurrent transaction took the name after the check. The exception ends this one.
        raise BadgeError(ErrorCode.NAME_TAKEN, "name") from error


def _replace_parts(
    badge: BadgeMeta, draft: BadgeDraft, limits: Sequence[Limit], old: Definition | None
) -> None:
    """Write the parts of a badge; unchanged owners, limits and images keep their rows."""
    if old is None or old.owners != frozenset(draft.owners):
        badge.owners.all().delete()
        owners = dict.fromkeys(draft.owners)
        BadgeOwner.objects.bulk_create(BadgeOwner(badge=badge, owner_type=each) for each in owners)
    if old is None or list(old.limits) != list(limits):
        badge.limits.all().delete()
        EarnLimit.objects.bulk_create(EarnLimit.of(badge, limit) for limit in limits)
    images = [BadgeImage(badge=badge, **image) for image in draft.images]
    if [each.contents for each in badge.images.all()] != [each.contents for each in images]:
        badge.images.all().delete()
        BadgeImage.objects.bulk_create(images)
    custom_values = _active_values(badge) if draft.custom_fields is None else draft.custom_fields
    badge.custom_values.filter(field__active=True).delete()
    CustomValue.objects.bulk_create(
        CustomValue(badge=badge, field=custom_field, value=value)
        for custom_field, value in _custom_values(custom_values)
    )


def _active_values(badge: BadgeMeta) -> dict[str, str]:
    values = badge.custom_values.filter(field__active=True)
    return dict(values.values_list("field__name", "value"))


def _custom_values(submitted: Mapping[str, str]) -> Iterator[tuple[CustomField, str]]:
    """Yield the values to store; a mandatory field without a value gets its default."""
    fields = {field.name: field for field in CustomField.objects.filter(active=True)}
    submitted = {normalize_name(name): value for name, value in submitted.items()}
    rules.check_custom_names(submitted, fields=fields)
    for name, custom_field in fields.items():
        value = submitted.get(name) or (
            custom_field.default_value if custom_field.is_mandatory else ""
        )
        if value:
            rules.check_custom_value(name, value, custom_field.data_type)
            yield custom_field, value


def _record_revision(badge: BadgeMeta, request: RequestLog) -> None:
    """Save a snapshot of the definition as it is after the request."""
    BadgeRevision.objects.create(
        badge=badge, version=badge.version, request=request, snapshot=badge.snapshot()
    )
