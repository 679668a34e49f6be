"""Known devices: browsers in which a user has signed in before, identified by a signed cookie.

An attacker who guesses passwords has no such cookie. Failed sign-ins count for the device if it is
known, and for the address of the client otherwise. A stranger behind the same proxy therefore
cannot lock users out of the browsers that they use every day. The cookie does not authenticate: the
password and the second factor are still required. Every event that ends the sessions of a user also
makes their known devices unknown.
"""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import salted_hmac

from badges.models import Person
from badges.services.access.credentials import session_stamp_of

COOKIE = "known_device"
SALT = "badges.known-device"
MAX_AGE = 180 * 24 * 60 * 60  # half a year, in seconds
MAX_USERS = 10  # users of one browser
HASH_LENGTH = 16


@dataclass(frozen=True)
class Device:
    """A browser with a random id, and the marks of the users who have signed in there."""

    id: str
    user_hashes: tuple[str, ...]

    def knows(self, username: str) -> bool:
        return _hash_user(username, session_stamp_of(username)) in self.user_hashes


def device_of(request, username: str) -> Device | None:
    """Return the device of a request if this user has signed in there before."""
    device = _device(request)
    return device if device and device.knows(username) else None


def remember_device(response, request, person: Person) -> None:
    """Set the cookie that makes the browser a known device of this user."""
    own_hash = _hash_user(person.get_username(), person.session_stamp)
    device = _device(request) or Device(secrets.token_urlsafe(16), ())
    other_hashes = [user_hash for user_hash in device.user_hashes if user_hash != own_hash]
    user_hashes = [*other_hashes, own_hash][-MAX_USERS:]
    response.set_cookie(
        COOKIE,
        signing.dumps([device.id, user_hashes], salt=SALT),
        max_age=MAX_AGE,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _device(request) -> Device | None:
    try:
        device_id, user_hashes = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=MAX_AGE
        )
    except signing.BadSignature:
        return None
    return Device(device_id, tuple(user_hashes))


def _hash_user(username: str, session_stamp: int) -> str:
    """Return a keyed hash of a username for the cookie, which other people may read."""
    return salted_hmac(SALT, f"{session_stamp}:{username}").hexdigest()[:HASH_LENGTH]
