"""Ask somebody at a terminal for a password."""

from getpass import getpass

from django.core.management import CommandError
from django.utils.translation import gettext as _


def ask_password() -> str:
    """Return a password that was typed twice alike, unseen; whether it will do, services say."""
    password = getpass(_("Password: "))
    if not password:
        raise CommandError(_("The password is missing."))
    if password != getpass(_("The same again: ")):
        raise CommandError(_("The two passwords differ."))
    return password
