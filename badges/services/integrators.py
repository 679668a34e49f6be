"""Integrators: make them, and give them their secret once."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import Integrator, Operation
from badges.models.secrets import new_secret
from badges.services.requests import Origin, attempt


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
        _save(integrator)
        integrator.access_groups.set(access_groups)
    return integrator


def _save(integrator: Integrator) -> None:
    longest = Integrator._meta.get_field("name").max_length
    integrator.name = integrator.name.strip()
    if not integrator.name or len(integrator.name) > longest:
        raise BadgeError(
            ErrorCode.INVALID_INPUT,
            "name",
            _("The name must have 1 to %(longest)d characters.") % {"longest": longest},
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
