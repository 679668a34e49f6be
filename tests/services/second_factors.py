"""The services of the second factor, in the tables that every service is in."""

from binascii import unhexlify

from django.contrib.auth.models import User
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from badges.models import Operation
from badges.services import second_factor
from tests.factories import UserFactory

KEY = "3132333435363738393031323334353637383930"
NOBODY = User(pk=0, username="nobody")


def code_of(key: str, steps: int = 0) -> str:
    """Return what an app with the key shows, now or some steps of thirty seconds later."""
    return f"{totp(unhexlify(key), drift=steps):06d}"


def somebody(*, with_it: bool = True):
    user = UserFactory()
    if with_it:
        TOTPDevice.objects.create(user=user, key=KEY, confirmed=True)
    return user


def with_code(service):
    """Return a call of a service that takes a code, by somebody who has a second factor."""
    return lambda s: service(origin=s.origin, user=somebody(), code=code_of(KEY))


WRITERS = {
    "second_factor.add": (
        Operation.ADD_SECOND_FACTOR,
        lambda s: second_factor.add(
            origin=s.origin, user=somebody(with_it=False), key=KEY, code=code_of(KEY)
        ),
        None,
    ),
    "second_factor.renew_codes": (
        Operation.RENEW_RECOVERY_CODES,
        with_code(second_factor.renew_codes),
        None,
    ),
    "second_factor.give_up": (
        Operation.REMOVE_SECOND_FACTOR,
        with_code(second_factor.give_up),
        None,
    ),
    "second_factor.remove": (
        Operation.REMOVE_SECOND_FACTOR,
        lambda s: second_factor.remove(origin=s.origin, user=somebody()),
        None,
    ),
}
READERS = {
    "second_factor.has_second_factor": lambda s: second_factor.has_second_factor(NOBODY),
    "second_factor.is_required_of": lambda s: second_factor.is_required_of(NOBODY),
    "second_factor.codes_left": lambda s: second_factor.codes_left(NOBODY),
    "second_factor.new_key": lambda s: second_factor.new_key(),
    "second_factor.spelt_out": lambda s: second_factor.spelt_out(KEY),
    "second_factor.address_of": lambda s: second_factor.address_of(NOBODY, KEY),
}
EXEMPT = {
    "second_factor.verify": "part of a sign-in, which has its row (admin/test_second_factor)",
}
