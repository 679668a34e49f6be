"""Prompt for a password on a terminal."""

from getpass import getpass

from django.core.management import CommandError
from django.utils.translation import gettext as _


def ask_password() -> str:
    """Return a password that was typed twice, without echo; the services validate it."""
    password = getpass(_("Password: "))
    if not password:
        raise CommandError(_("The password is missing."))
    if password != getpass(_("Password (again): ")):
        raise CommandError(_("The two passwords differ."))
    return password
