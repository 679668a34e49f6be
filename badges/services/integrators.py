"""Integrators: make them, and give them their secret once."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import Integrator, Operation
from badges.models.integrators import new_stamp
from badges.models.secrets import new_secret
from badges.services.requests import Origin, attempt

SECRETS = ["client_secret", "previous_secret", "previous_secret_ends_at"]


def create_integrator(
    *,
    origin: Origin,
    name: str,
    access_groups: Iterable[Group],
    owner_types: Iterable[str] = (),
    ends_at: datetime | None = None,
) -> tuple[Integrator, str]:
    """Make an integrator and return it with its secret, which cannot be had again.

    It may act for `owner_types` alone, if any are named, and call until `ends_at`, if given.
    Raises BadgeError: 400, 725.
    """
    secret = new_secret()
    integrator = Integrator(
        name=name,
        owner_types=list(owner_types),
        ends_at=ends_at,
        client_secret=secret,  # hashed by the field on its way into the database
        client_type=Integrator.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Integrator.GRANT_CLIENT_CREDENTIALS,
    )
    with attempt(Operation.CREATE_INTEGRATOR, origin=origin, now=timezone.now()):
        _save(integrator)
        integrator.access_groups.set(access_groups)
    return integrator, secret


def update_integrator(
    *, origin: Origin, integrator: Integrator, access_groups: Iterable[Group]
) -> Integrator:
    """Save a renamed, switched, regrouped or limited integrator. Raises BadgeError: 400, 725."""
    with attempt(Operation.UPDATE_INTEGRATOR, origin=origin, now=timezone.now()):
        integrator.stamp = new_stamp()
        _save(integrator)
        integrator.access_groups.set(access_groups)
    return integrator


def rotate_secret(
    *, origin: Origin, integrator_id: int, overlap: timedelta, now: datetime | None = None
) -> tuple[Integrator, str]:
    """Give an integrator a new secret and return both; it cannot be had again.

    The one it had works until `overlap` has passed, and one before that no more. Raises
    BadgeError: 404, 400 for one that is revoked.
    """
    now = now or timezone.now()
    secret = new_secret()
    with attempt(Operation.ROTATE_SECRET, origin=origin, now=now):
        integrator = _locked(integrator_id)
        if not integrator.active:
            message = _("A revoked integrator gets no new secret.")
            raise BadgeError(ErrorCode.INVALID_INPUT, "overlap", message)
        integrator.previous_secret = integrator.client_secret if overlap else ""
        integrator.previous_secret_ends_at = now + overlap if overlap else None
        integrator.client_secret = secret
        _change(integrator, SECRETS)
    return integrator, secret


def revoke_integrator(*, origin: Origin, integrator_id: int) -> Integrator:
    """Switch an integrator off: secrets and tokens are refused from the next request on.

    Raises BadgeError: 404.
    """
    with attempt(Operation.UPDATE_INTEGRATOR, origin=origin, now=timezone.now()):
        integrator = _locked(integrator_id)
        integrator.active = False
        integrator.previous_secret, integrator.previous_secret_ends_at = "", None
        _change(integrator, ["active", *SECRETS])
    return integrator


def forget(integrators: QuerySet[Integrator]) -> None:
    """Let nothing hold any more that a process knows of these; part of a change to their rights.

    One number will do for all: it only has to be another one.
    """
    integrators.update(stamp=new_stamp())


def _change(integrator: Integrator, columns: list[str]) -> None:
    integrator.stamp = new_stamp()
    integrator.save(update_fields=[*columns, "stamp", "updated"])


def _locked(integrator_id: int) -> Integrator:
    integrator = Integrator.objects.select_for_update().filter(pk=integrator_id).first()
    if integrator is None:
        raise BadgeError(ErrorCode.NOT_FOUND, "integrator_id", _("There is no such integrator."))
    return integrator


def _save(integrator: Integrator) -> None:
    longest = Integrator._meta.get_field("name").max_length
    integrator.name = integrator.name.strip()
    if not integrator.name or len(integrator.name) > longest:
        raise BadgeError(
            ErrorCode.INVALID_INPUT,
            "name",
            _("The name must have 1 to %(longest)d characters."),
            {"longest": longest},
        )
    rules.check_owner_types(integrator.owner_types)
    taken = BadgeError(ErrorCode.NAME_TAKEN, "name", message=_("Another integrator has this name."))
    if Integrator.objects.filter(name=integrator.name).exclude(pk=integrator.pk).exists():
        raise taken
    try:
        integrator.save()
    except IntegrityError as error:
        # The look-up let a twin pass that took the name since; the transaction ends with the raise.
        raise taken from error
