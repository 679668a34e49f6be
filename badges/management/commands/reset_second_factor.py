"""Reset the second factor of a user if no administrator can do it."""

from django.utils.translation import gettext as _

from badges.management.setup_codes import words_of_setup_code
from badges.management.users import UserCommand
from badges.models import Channel
from badges.services.access import second_factor
from badges.services.request_log import Origin


class Command(UserCommand):
    help = _("Remove the second factor of a user, and show a set-up code for a new one.")

    def perform(self, user) -> str:
        code = second_factor.reset(origin=Origin(channel=Channel.COMMAND), user=user)
        return words_of_setup_code(user, code)
