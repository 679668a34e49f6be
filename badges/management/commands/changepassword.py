"""Set the password of a user; Django's command does not write to the request log."""

from django.utils.translation import gettext as _

from badges.management.passwords import ask_password
from badges.management.users import UserCommand
from badges.models import Channel
from badges.services.access.people import set_password
from badges.services.request_log import Origin


class Command(UserCommand):
    help = _("Set the password of a user.")

    def perform(self, user) -> str:
        set_password(
            origin=Origin(channel=Channel.COMMAND), user_id=user.pk, password=ask_password()
        )
        return _("The password of %(user)s was set.") % {"user": user}
