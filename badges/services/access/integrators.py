"""Integrators: create and change them, rotate their secrets, revoke them."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import get_access_token_model

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import Integrator, Operation
from badges.models.secrets import new_secret
from badges.models.stamps import new_stamp
from badges.services.request_log import Origin, logged_request
from badges.services.versions import locked, save_changes

CHANGEABLE = ("name", "active", "owner_types", "ends_at")


class IntegratorChanges(TypedDict, total=False):
    """New values of the columns of an integrator."""

    name: str
    active: bool
    owner_types: list[str]
    ends_at: datetime | None


def create_integrator(
    *,
    origin: Origin,
    name: str,
    access_groups: Iterable[Group],
    owner_types: Iterable[str] = (),
    ends_at: datetime | None = None,
) -> tuple[Integrator, str]:
    """Create an integrator and return it with its secret, which cannot be retrieved later.

    It may act only for `owner_types`, if any are given, and call until `ends_at`, if given. Raises
    BadgeError: 400, 725.
    """
    secret = new_secret()
    integrator = Integrator(
        name=name,
        owner_types=list(owner_types),
        ends_at=ends_at,
        client_secret=secret,  # the field stores its hash
        client_type=Integrator.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Integrator.GRANT_CLIENT_CREDENTIALS,
    )
    with logged_request(Operation.CREATE_INTEGRATOR, origin=origin, now=timezone.now()):
        _save(integrator)
        integrator.access_groups.set(access_groups)
    return integrator, secret


def update_integrator(
    *,
    origin: Origin,
    integrator_id: int,
    seen: Collection[str] | None = None,
    access_groups: Iterable[Group] | None = None,
    **changes: Unpack[IntegratorChanges],
) -> Integrator:
    """Change the columns of an integrator that CHANGEABLE names, and its access groups.

    Arguments that are left out change nothing. The version of the integrator must be in `seen`, if
    given. Raises BadgeError: 400, 404, 412, 725.
    """
    with logged_request(Operation.UPDATE_INTEGRATOR, origin=origin, now=timezone.now()):
        integrator = _lock_integrator(integrator_id, seen)
        for name in CHANGEABLE:
            setattr(integrator, name, changes.get(name, getattr(integrator, name)))
        integrator.stamp = new_stamp()
        _save(integrator)
        if access_groups is not None:
            integrator.access_groups.set(access_groups)
        if not integrator.active:
            _delete_tokens(integrator)
    return integrator


def rotate_secret(
    *,
    origin: Origin,
    integrator_id: int,
    overlap: timedelta,
    seen: Collection[str] | None = None,
    now: datetime | None = None,
) -> tuple[Integrator, str]:
    """Give an integrator a new secret and return both; the secret cannot be retrieved later.

    The current secret stays valid for `overlap`, and an older one ends immediately. Without an
    overlap the tokens of the integrator are deleted as well, because the secret may have leaked.
    The version of the integrator must be in `seen`, if given: otherwise a concurrent second
    rotation would end the secret that the first one has just shown. Raises BadgeError: 404, 412,
    400 for a revoked integrator.
    """
    now = now or timezone.now()
    secret = new_secret()
    with logged_request(Operation.ROTATE_SECRET, origin=origin, now=now):
        integrator = _lock_integrator(integrator_id, seen)
        if not integrator.active:
            message = _("A revoked integrator gets no new secret.")
            raise BadgeError(ErrorCode.INVALID_INPUT, "overlap", message)
        integrator.previous_secret = integrator.client_secret if overlap else ""
        integrator.previous_secret_ends_at = now + overlap if overlap else None
        integrator.client_secret = secret
        _save_with_stamp(integrator)
        if not overlap:
            _delete_tokens(integrator)
    return integrator, secret


def revoke_integrator(*, origin: Origin, integrator_id: int) -> Integrator:
    """Deactivate an integrator: its secrets and tokens are refused from the next request on.

    The version is not checked, and the integrator may be revoked already. The tokens are deleted,
    so that they stay invalid if the integrator is activated again. Raises BadgeError: 404.
    """
    with logged_request(Operation.UPDATE_INTEGRATOR, origin=origin, now=timezone.now()):
        integrator = _lock_integrator(integrator_id)
        integrator.active = False
        integrator.previous_secret, integrator.previous_secret_ends_at = "", None
        _save_with_stamp(integrator)
        _delete_tokens(integrator)
    return integrator


def lock_for_token(integrator_id: int) -> Integrator | None:
    """Return an active integrator, its secrets locked until the transaction ends, or None.

    The lock allows inserts of rows that refer to the integrator, such as earns.
    """
    locked = Integrator.objects.select_for_update(no_key=True)
    return locked.filter(pk=integrator_id, active=True).first()


def invalidate_stamps(integrators: QuerySet[Integrator]) -> None:
    """Invalidate the cached credentials of integrators; part of every change of their rights.

    All get the same stamp, because it only has to differ from the old one.
    """
    integrators.update(stamp=new_stamp())


def _delete_tokens(integrator: Integrator) -> None:
    get_access_token_model().objects.filter(application=integrator).delete()


def _save_with_stamp(integrator: Integrator) -> None:
    integrator.stamp = new_stamp()
    save_changes(integrator)


def _lock_integrator(integrator_id: int, seen: Collection[str] | None = None) -> Integrator:
    message = _("There is no such integrator.")
    return locked(Integrator, integrator_id, seen=seen, field="integrator_id", message=message)


def _save(integrator: Integrator) -> None:
    integrator.name = rules.check_name(integrator.name)
    rules.check_owner_types(integrator.owner_types)
    name_taken = BadgeError(
        ErrorCode.NAME_TAKEN, "name", message=_("Another integrator has this name.")
    )
    if Integrator.objects.filter(name=integrator.name).exclude(pk=integrator.pk).exists():
        raise name_taken
    try:
        save_changes(integrator)
    except IntegrityError as error:
        # A concurrent transaction took the name after the check. The exception ends this one.
        raise name_taken from error
