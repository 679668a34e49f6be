"""Sessions of members of staff, and how a change of credentials ends them.

Code that changes how a user signs in calls `end_sessions` in the same transaction. A session, a
sign-in that waits for its code, and a known device store the stamp that the user had when the row
was read. They are refused after the stamp has changed, even if they began during that change.
"""

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import Person, UserSecurity
from badges.models.stamps import new_stamp


def active_person(user_id: int) -> Person | None:
    """Return an active user with their session stamp and preferences, or None."""
    people = Person.objects.select_related("security", "stored_preferences")
    return people.filter(pk=user_id, is_active=True).first()


def session_stamp_of(username: str) -> int:
    """Return the session stamp of the user with this name, or 0 if there is none."""
    if "\0" in username:  # PostgreSQL refuses NUL, even in a query
        return 0
    stamps = UserSecurity.objects.filter(user__username=username)
    return stamps.values_list("session_stamp", flat=True).first() or 0


def lock_person(user_id: int) -> Person:
    """Lock the credentials of a user until the transaction ends, and return the current row.

    The stamp is read after the lock is acquired: a join would return its value from before the
    wait.
    """
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    return Person.objects.select_related("security").get(pk=user_id)


def lock_own(user: User) -> Person:
    """Lock a user who changes their own credentials, and return the current row.

    `user` is the row that the session or the password was checked against. Raises BadgeError: 401
    if the credentials have changed since, or the user is inactive.
    """
    person = lock_person(user.pk)
    if not person.is_active or person.get_session_auth_hash() != user.get_session_auth_hash():
        message = _("Your session has ended meanwhile. Log in again.")
        raise BadgeError(ErrorCode.NOT_AUTHENTICATED, None, message)
    return person


def end_sessions(user: User) -> Person:
    """End all sessions and pending sign-ins of a user, and forget their known devices.

    Call it under the lock of the user. A session continues only if it is updated with the returned
    row.
    """
    UserSecurity.objects.update_or_create(user_id=user.pk, defaults={"session_stamp": new_stamp()})
    return Person.objects.select_related("security").get(pk=user.pk)
