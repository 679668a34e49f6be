"""The requirements for a server that other machines can reach."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import run_checks
from django.core.checks.security.base import (
    SECRET_KEY_INSECURE_PREFIX,
    SECRET_KEY_MIN_LENGTH,
    SECRET_KEY_MIN_UNIQUE_CHARACTERS,
)
from django.core.management import CommandError
from django.utils.translation import gettext as _

from badges.management.readiness import Address


def check_safe(address: Address) -> None:
    """Raise CommandError if the settings are unsafe on an address other than loopback."""
    if address.is_loopback:
        return
    if settings.DEBUG:
        raise CommandError(
            _("DEBUG reveals internal details. Set DEBUG=false to serve other machines.")
        )
    if _can_be_guessed(settings.SECRET_KEY):
        raise CommandError(
            _(
                "SECRET_KEY can be guessed. To serve other machines, it must have at least "
                "%(length)d characters, %(unique)d of them different. See .env.example."
            )
            % {"length": SECRET_KEY_MIN_LENGTH, "unique": SECRET_KEY_MIN_UNIQUE_CHARACTERS}
        )


def _can_be_guessed(key: str) -> bool:
    """Return whether Django's own check (security.W009) would report a key."""
    return (
        len(key) < SECRET_KEY_MIN_LENGTH
        or len(set(key)) < SECRET_KEY_MIN_UNIQUE_CHARACTERS
        or key.startswith(SECRET_KEY_INSECURE_PREFIX)
    )


def warnings_for(address: Address) -> Iterator[str]:
    """Yield the findings of `check --deploy`, and a warning about passwords in clear text."""
    for message in run_checks(include_deployment_checks=True):
        if not message.is_silenced():
            yield str(message)
    if not address.is_loopback and not settings.HTTPS:
        yield _(
            "Other machines reach %(address)s without TLS, so passwords and tokens can be "
            "intercepted. Use a proxy with TLS, and set HTTPS=true."
        ) % {"address": address}
