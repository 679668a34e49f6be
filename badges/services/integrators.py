"""Integrators: make them, and give them their secret once."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.utils import timezone

from badges.models import Integrator, Operation
from badges.models.secrets import new_secret
from badges.services.requests import Origin, attempt


def create_integrator(
    *, origin: Origin, name: str, access_groups: Iterable[Group]
) -> tuple[Integrator, str]:
    """Make an integrator and return it with its secret, which cannot be had again."""
    secret = new_secret()
    with attempt(Operation.CREATE_INTEGRATOR, origin=origin, now=timezone.now()):
        integrator = Integrator.objects.create(
            name=name,
            client_secret=secret,  # hashed by the field on its way into the database
            client_type=Integrator.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Integrator.GRANT_CLIENT_CREDENTIALS,
        )
        integrator.access_groups.set(access_groups)
    return integrator, secret


def update_integrator(
    *, origin: Origin, integrator: Integrator, access_groups: Iterable[Group]
) -> Integrator:
    """Save a renamed, switched or regrouped integrator."""
    with attempt(Operation.UPDATE_INTEGRATOR, origin=origin, now=timezone.now()):
        integrator.save()
        integrator.access_groups.set(access_groups)
    return integrator
