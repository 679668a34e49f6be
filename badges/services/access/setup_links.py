"""Set-up links: with one, a member of staff sets a password without an earlier one.

A link contains a code of 256 random bits. It works once, until it expires or the password is set in
another way. Only the hash of the code is stored.
"""

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth.models import User
from django.utils import timezone

from badges.models import Person, UserSecurity
from badges.models.secrets import new_secret
from badges.services.access.credentials import lock_person

VALIDITY = timedelta(days=3)


class SetupLink(NamedTuple):
    """The code of a link, as it is shown once."""

    code: str
    ends_at: datetime


def issue_setup_link(user: User) -> SetupLink:
    """Return a new link for a user, which replaces an earlier one."""
    code, ends_at = new_secret(), timezone.now() + VALIDITY
    UserSecurity.objects.update_or_create(
        user_id=user.pk, defaults={"setup_link": _hash(code), "setup_link_ends_at": ends_at}
    )
    return SetupLink(code, ends_at)


def withdraw_setup_link(user: User) -> None:
    """Make the link of a user invalid, if there is one."""
    UserSecurity.objects.filter(user_id=user.pk).exclude(setup_link="").update(
        setup_link="", setup_link_ends_at=None
    )


def owner_of_setup_link(code: str) -> Person | None:
    """Return the active user whose link has this code and has not expired, or None."""
    valid = UserSecurity.objects.filter(
        setup_link=_hash(code), setup_link_ends_at__gt=timezone.now(), user__is_active=True
    )
    people = Person.objects.select_related("security")
    return people.filter(pk__in=valid.values("user_id")).first()


def use_setup_link(user: User, code: str) -> Person | None:
    """Use up the link of a user under their lock, and return the user, or None if it is invalid."""
    person = lock_person(user.pk)
    if owner_of_setup_link(code) != person:
        return None
    withdraw_setup_link(person)
    return person


def _hash(code: str) -> str:
    """Return the stored form of a code; a slow hash is for secrets that can be guessed."""
    return hashlib.sha256(f"badges.setup-link:{code}".encode()).hexdigest()
