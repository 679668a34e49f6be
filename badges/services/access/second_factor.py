"""The second factor of users: a code from an app on their phone (RFC 6238), or a recovery code."""

import json
from base64 import b32encode
from binascii import unhexlify
from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from badges.errors import BadgeError, ErrorCode
from badges.hand_written_codes import format_code, new_code, normalize
from badges.models import Operation, Person
from badges.services.access import authority, setup_codes
from badges.services.access.credentials import end_sessions, lock_own, lock_person
from badges.services.access.setup_codes import SetupCode
from badges.services.request_log import Origin, logged_request

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SUPERUSER = "superuser"
RECOVERY_CODES = 10
APP, RECOVERY_CODE = "app", "recovery code"


def has_second_factor(user: User) -> bool:
    return bool(TOTPDevice.objects.devices_for_user(user, confirmed=True).exists())


def is_required_of(user: User) -> bool:
    """Return whether the settings require a second factor of this user."""
    roles = settings.SECOND_FACTOR_FOR
    if not roles:
        return False
    if user.is_superuser and SUPERUSER in roles:
        return True
    return user.groups.filter(name__in=roles).exists()


def needs_setup_code(user: User) -> bool:
    """Return whether this user needs an administrator's code to set up a second factor."""
    return is_required_of(user) or setup_codes.was_issued(user)


def waits_for_setup_code(user: User) -> bool:
    """Return whether this user cannot sign in until an administrator issues a code."""
    can_sign_in = has_second_factor(user) or setup_codes.can_be_used(user)
    return is_required_of(user) and not can_sign_in


def new_key() -> str:
    """Return a new key to share with an app: 20 random bytes as hex."""
    return str(random_hex())


def format_key(key: str) -> str:
    """Return a key as users type it into an app: base 32, in groups of four."""
    text = b32encode(unhexlify(key)).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def otpauth_url(user: User, key: str) -> str:
    """Return the URL that an app reads from a QR code: it contains the key and the user name."""
    return str(TOTPDevice(user=user, key=key).config_url)


def add(
    *, origin: Origin, user: User, key: str, code: str, setup_code: str = ""
) -> tuple[Person, list[str]]:
    """Add a second factor to a user, after their app has produced a valid code.

    `setup_code` is used up if the user needs one. Returns the person and their recovery codes; a
    session continues only if it is updated with the person. Raises BadgeError: 400 for a wrong
    code, or if there is a second factor already; 401.
    """
    with logged_request(
        Operation.ADD_SECOND_FACTOR, origin=_with_content(origin, user), now=timezone.now()
    ):
        lock_own(user)
        if has_second_factor(user):
            raise _refusal(None, _("There is a second factor already."))
        if needs_setup_code(user):
            setup_codes.use_setup_code(user, setup_code)
        device = TOTPDevice(user=user, name=APP, key=key, confirmed=True)
        if not device.verify_token(normalize(code)):  # saves; a refusal rolls back
            raise _refusal("code", _("This is not the code that the app should show now."))
        return end_sessions(user), _new_codes(user)


def verify(user: User, code: str) -> str | None:
    """Return APP or RECOVERY_CODE if the code of this kind is valid, else None.

    Each code is valid once. After a wrong code the next one is checked only after a delay: one
    second, then two, four and so on, for all senders together. If the credentials of `user` have
    changed since the row was read, every code is refused.
    """
    with transaction.atomic():
        if lock_person(user.pk).get_session_auth_hash() != user.get_session_auth_hash():
            return None
        device = TOTPDevice.objects.devices_for_user(user, confirmed=True).first()
        recovery_device = StaticDevice.objects.devices_for_user(user, confirmed=True).first()
        entered = normalize(code)
        if device and entered.isdecimal() and len(entered) == device.digits:
            return APP if device.verify_token(entered) else None
        if recovery_device and recovery_device.verify_token(_stored_code(user, entered)):
            return RECOVERY_CODE
    return None


def renew_codes(*, origin: Origin, user: User, code: str) -> tuple[Person, list[str]]:
    """Replace the recovery codes; return the person and the codes, as `add` does.

    Raises BadgeError: 400, 401.
    """
    factor = verify(user, code)
    with logged_request(
        Operation.RENEW_RECOVERY_CODES, origin=_with_content(origin, user), now=timezone.now()
    ):
        _check_factor(factor)
        lock_own(user)
        return end_sessions(user), _new_codes(user)


def remove_own(*, origin: Origin, user: User, code: str) -> Person:
    """Remove the user's own second factor, and return the person.

    A session continues only if it is updated with the person. Raises BadgeError: 400, also when the
    second factor is required; 401.
    """
    factor = verify(user, code)
    with logged_request(
        Operation.REMOVE_SECOND_FACTOR, origin=_with_content(origin, user), now=timezone.now()
    ):
        _check_factor(factor)
        lock_own(user)
        if is_required_of(user):
            raise _refusal(None, _("Your role requires a second factor to sign in."))
        _remove(user)
        return end_sessions(user)


def reset(*, origin: Origin, user: User) -> SetupCode:
    """Remove the second factor of a user who has lost it, or who never had one.

    Returns the code with which the user sets up another; it is stored as a hash, and shown only
    once. Raises BadgeError: 403, and 400 for the actor's own second factor.
    """
    origin_with_content = _with_content(origin, user, setup_code=True)
    with logged_request(
        Operation.REMOVE_SECOND_FACTOR, origin=origin_with_content, now=timezone.now()
    ):
        if origin.user == user:
            raise _refusal(None, _("Give up your own second factor on its page, with a code."))
        authority.check_take_over(origin, lock_person(user.pk))
        _remove(user)
        end_sessions(user)
        return setup_codes.issue_setup_code(user)


def codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


def _check_factor(factor: str | None) -> None:
    if factor is None:
        raise _refusal("code", _("The code is wrong, or was used before."))


def _remove(user: User) -> None:
    TOTPDevice.objects.devices_for_user(user).delete()
    StaticDevice.objects.devices_for_user(user).delete()


def _new_codes(user: User) -> list[str]:
    StaticDevice.objects.devices_for_user(user).delete()
    device = StaticDevice.objects.create(user=user, name=RECOVERY_CODE, confirmed=True)
    codes = [new_code() for _code in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=_stored_code(user, code)) for code in codes
    )
    return [format_code(code) for code in codes]


def _stored_code(user: User, code: str) -> str:
    """Return the stored form of a recovery code: its hash, cut to the length of the column."""
    return salted_hmac("badges.recovery-code", f"{user.pk}:{code}").hexdigest()[:16]


def _with_content(origin: Origin, user: User, **more: object) -> Origin:
    """Return the origin with the name of the user as its content, never with a code or a key."""
    content = {"user": user.get_username(), **more}
    return replace(origin, content=json.dumps(content, ensure_ascii=False))


def _refusal(field: str | None, message: "StrOrPromise") -> BadgeError:
    return BadgeError(ErrorCode.INVALID_INPUT, field, message)
