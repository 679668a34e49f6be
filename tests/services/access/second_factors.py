"""The services of the second factor for the table of all services."""

from binascii import unhexlify

from django.contrib.auth.models import User
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from badges.models import Operation
from badges.services.access import credentials, second_factor, setup_codes
from tests.factories import UserFactory

KEY = "3132333435363738393031323334353637383930"
UNKNOWN_USER = User(pk=0, username="nobody")


def code_of(key: str, steps: int = 0) -> str:
    """Return the code of an app with this key, now or some steps of thirty seconds later."""
    return f"{totp(unhexlify(key), drift=steps):06d}"


def new_user(*, with_it: bool = True):
    user = UserFactory()
    if with_it:
        TOTPDevice.objects.create(user=user, key=KEY, confirmed=True)
    return user


def with_code(service):
    """Return a call of a service that takes a code, for a user with a second factor."""
    return lambda s: service(origin=s.origin, user=new_user(), code=code_of(KEY))


WRITERS = {
    "access.second_factor.add": (
        Operation.ADD_SECOND_FACTOR,
        lambda s: second_factor.add(
            origin=s.origin, user=new_user(with_it=False), key=KEY, code=code_of(KEY)
        ),
        None,
    ),
    "access.second_factor.renew_codes": (
        Operation.RENEW_RECOVERY_CODES,
        with_code(second_factor.renew_codes),
        None,
    ),
    "access.second_factor.remove_own": (
        Operation.REMOVE_SECOND_FACTOR,
        with_code(second_factor.remove_own),
        None,
    ),
    "access.second_factor.reset": (
        Operation.REMOVE_SECOND_FACTOR,
        lambda s: second_factor.reset(origin=s.origin, user=new_user()),
        None,
    ),
}
READERS = {
    "access.setup_codes.was_issued": lambda s: setup_codes.was_issued(UNKNOWN_USER),
    "access.setup_codes.can_be_used": lambda s: setup_codes.can_be_used(UNKNOWN_USER),
    "access.second_factor.needs_setup_code": lambda s: second_factor.needs_setup_code(UNKNOWN_USER),
    "access.second_factor.waits_for_setup_code": lambda s: second_factor.waits_for_setup_code(
        UNKNOWN_USER
    ),
    "access.credentials.active_person": lambda s: credentials.active_person(0),
    "access.credentials.session_stamp_of": lambda s: credentials.session_stamp_of("nobody"),
    "access.second_factor.has_second_factor": lambda s: second_factor.has_second_factor(
        UNKNOWN_USER
    ),
    "access.second_factor.is_required_of": lambda s: second_factor.is_required_of(UNKNOWN_USER),
    "access.second_factor.codes_left": lambda s: second_factor.codes_left(UNKNOWN_USER),
    "access.second_factor.new_key": lambda s: second_factor.new_key(),
    "access.second_factor.format_key": lambda s: second_factor.format_key(KEY),
    "access.second_factor.otpauth_url": lambda s: second_factor.otpauth_url(UNKNOWN_USER, KEY),
}
EXEMPT = {
    "access.setup_codes.issue_setup_code": "part of a reset of the second factor",
    "access.setup_codes.use_setup_code": "part of setting up a second factor",
    "access.credentials.lock_person": "part of the services that change how a person signs in",
    "access.credentials.lock_own": "part of the services that change how a person signs in",
    "access.credentials.end_sessions": "part of the services that change how a person signs in",
    "access.second_factor.verify": (
        "part of a sign-in, which has its row (admin/test_second_factor)"
    ),
}
