"""The second factor of a user in tests of the admin, and its addresses."""

from badges.models import Channel, RequestLog
from badges.services.access import second_factor, setup_codes
from badges.services.request_log import Origin
from tests.services.access.second_factors import code_of

LOG_IN, CODE, OWN = "/admin/login/", "/admin/login/code/", "/admin/second-factor/"
CODES = f"{OWN}codes/"
WRONG = "000000"


def set_up(user):
    """Give a user a second factor. Return its key and the recovery codes."""
    key = second_factor.new_key()
    origin = Origin(channel=Channel.COMMAND)
    handed_out = setup_codes.issue_setup_code(user).text
    _person, codes = second_factor.add(
        origin=origin, user=user, key=key, code=code_of(key), setup_code=handed_out
    )
    RequestLog.objects.all().delete()
    return key, codes


def is_signed_in(client):
    return "_auth_user_id" in client.session
