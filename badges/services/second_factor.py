"""The second factor of people: a code from an app on their phone (RFC 6238), or a recovery code."""

import json
import secrets
from base64 import b32encode
from binascii import unhexlify
from dataclasses import replace

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
from badges.models import Operation
from badges.services.requests import Origin, attempt

SUPERUSER = "superuser"
RECOVERY_CODES = 10
# Neither of two that look alike: people write them down by hand.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 10
APP, RECOVERY_CODE = "app", "recovery code"


def has_second_factor(user: User) -> bool:
    return TOTPDevice.objects.devices_for_user(user, confirmed=True).exists()


def is_required_of(user: User) -> bool:
    """Whether the settings let this person in with a second factor only."""
    roles = settings.SECOND_FACTOR_FOR
    if not roles:
        return False
    if user.is_superuser and SUPERUSER in roles:
        return True
    return user.groups.filter(name__in=roles).exists()


def new_key() -> str:
    """Return a key to share with an app: 20 random bytes as hex."""
    return random_hex()


def spelt_out(key: str) -> str:
    """Return a key as apps take it when it is typed: base 32, in groups of four."""
    text = b32encode(unhexlify(key)).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address_of(user: User, key: str) -> str:
    """Return what an app reads from a picture: the key, and whose it is."""
    return TOTPDevice(user=user, key=key).config_url


def add(*, origin: Origin, user: User, key: str, code: str) -> list[str]:
    """Give a person a second factor once their app shows its code; return their recovery codes.

    Raises BadgeError: 400 for a wrong code, or when there is one already.
    """
    with attempt(Operation.ADD_SECOND_FACTOR, origin=_about(origin, user), now=timezone.now()):
        _lock(user)
        if has_second_factor(user):
            raise _refusal(None, _("There is a second factor already."))
        device = TOTPDevice(user=user, name=APP, key=key, confirmed=True)
        if not device.verify_token(_tidied(code)):  # saved either way, and undone by the refusal
            raise _refusal("code", _("This is not the code that the app should show now."))
        return _new_codes(user)


def verify(user: User, code: str) -> str | None:
    """Return by what a person has proved to be who they are, APP or RECOVERY_CODE, or None.

    Each code is good for once. After a wrong one the next is looked at a second later, then after
    two, four and so on, whoever sends it.
    """
    with transaction.atomic():
        _lock(user)
        device = TOTPDevice.objects.devices_for_user(user, confirmed=True).first()
        spare = StaticDevice.objects.devices_for_user(user, confirmed=True).first()
        typed = _tidied(code)
        if device and typed.isdecimal() and len(typed) == device.digits:
            return APP if device.verify_token(typed) else None
        if spare and spare.verify_token(_mark(user, typed)):
            return RECOVERY_CODE
    return None


def renew_codes(*, origin: Origin, user: User, code: str) -> list[str]:
    """Return new recovery codes; the old ones are good for nothing. Raises BadgeError: 400."""
    proved = verify(user, code)
    with attempt(Operation.RENEW_RECOVERY_CODES, origin=_about(origin, user), now=timezone.now()):
        _check(proved)
        return _new_codes(user)


def give_up(*, origin: Origin, user: User, code: str) -> None:
    """Take the own second factor away. Raises BadgeError: 400, also when it is required."""
    proved = verify(user, code)
    with attempt(Operation.REMOVE_SECOND_FACTOR, origin=_about(origin, user), now=timezone.now()):
        _check(proved)
        if is_required_of(user):
            raise _refusal(None, _("Your role signs in with a second factor only."))
        _remove(user)


def remove(*, origin: Origin, user: User) -> None:
    """Take the second factor of somebody away, who has lost it; nothing is said when there is none.

    Whoever needs one sets up another at the next sign-in.
    """
    with attempt(Operation.REMOVE_SECOND_FACTOR, origin=_about(origin, user), now=timezone.now()):
        _remove(user)


def codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


def _lock(user: User) -> None:
    """Let a code be looked at once: two that come at the same time go one after the other."""
    User.objects.select_for_update().get(pk=user.pk)


def _check(proved: str | None) -> None:
    if proved is None:
        raise _refusal("code", _("The code is wrong, or was used before."))


def _remove(user: User) -> None:
    for model in (TOTPDevice, StaticDevice):
        model.objects.devices_for_user(user).delete()


def _new_codes(user: User) -> list[str]:
    StaticDevice.objects.devices_for_user(user).delete()
    device = StaticDevice.objects.create(user=user, name=RECOVERY_CODE, confirmed=True)
    codes = [
        "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH))
        for _code in range(RECOVERY_CODES)
    ]
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=_mark(user, code)) for code in codes
    )
    return [f"{code[: CODE_LENGTH // 2]}-{code[CODE_LENGTH // 2 :]}" for code in codes]


def _mark(user: User, code: str) -> str:
    """Return what is kept of a recovery code: as much of its hash as the column takes."""
    return salted_hmac("badges.recovery-code", f"{user.pk}:{code}").hexdigest()[:16]


def _tidied(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _about(origin: Origin, user: User) -> Origin:
    """Return the origin with whom it is about; never with a code or a key."""
    return replace(origin, content=json.dumps({"user": user.get_username()}, ensure_ascii=False))


def _refusal(field: str | None, message) -> BadgeError:
    return BadgeError(ErrorCode.INVALID_INPUT, field, message)
