"""Set-up codes: required in addition to the password to set up a second factor.

An administrator issues a code after a reset, and to a user who needs a second factor and has none
yet. Otherwise the password alone would be enough to set up the factor that protects it.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from badges import hand_written_codes
from badges.errors import BadgeError, ErrorCode
from badges.models import UserSecurity

VALIDITY = timedelta(days=7)


class SetupCode(NamedTuple):
    """A code as it is shown to an administrator; only its hash is stored."""

    text: str
    ends_at: datetime


def issue_setup_code(user: User) -> SetupCode:
    """Return a new set-up code for a user, which replaces an earlier one."""
    code, ends_at = hand_written_codes.new_code(), timezone.now() + VALIDITY
    UserSecurity.objects.update_or_create(
        user_id=user.pk,
        defaults={"setup_code": _hash(user, code), "setup_code_ends_at": ends_at},
    )
    return SetupCode(hand_written_codes.format_code(code), ends_at)


def was_issued(user: User) -> bool:
    """Return whether this user has a set-up code that is not used yet; it may have expired."""
    return UserSecurity.objects.filter(user_id=user.pk).exclude(setup_code="").exists()


def can_be_used(user: User) -> bool:
    """Return whether this user has a set-up code that is neither used nor expired."""
    issued = UserSecurity.objects.filter(user_id=user.pk).exclude(setup_code="")
    return issued.filter(setup_code_ends_at__gt=timezone.now()).exists()


def use_setup_code(user: User, entered: str) -> None:
    """Use up the set-up code of a user; call it under their lock. Raises BadgeError: 400."""
    row = UserSecurity.objects.filter(user_id=user.pk).first()
    is_valid = (
        row is not None
        and row.setup_code_ends_at is not None
        and row.setup_code_ends_at > timezone.now()
        and constant_time_compare(
            row.setup_code, _hash(user, hand_written_codes.normalize(entered))
        )
    )
    if not is_valid:
        message = _(
            "This set-up code is wrong, was used, or has ended. Ask an administrator for a new one."
        )
        raise BadgeError(ErrorCode.INVALID_INPUT, "setup_code", message)
    UserSecurity.objects.filter(user_id=user.pk).update(setup_code="", setup_code_ends_at=None)


def _hash(user: User, code: str) -> str:
    return salted_hmac("badges.setup-code", f"{user.pk}:{code}", algorithm="sha256").hexdigest()
