"""Set the password of a member of staff, in place of Django's command, which leaves no trace."""

from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.errors import BadgeError
from badges.management.passwords import ask_password
from badges.models import Channel
from badges.services.people import set_password
from badges.services.requests import Origin


class Command(BaseCommand):
    help = _("Set the password of a member of staff.")

    def add_arguments(self, parser):
        parser.add_argument("username", help=_("The name they sign in with."))

    def handle(self, *, username, **options):
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(_("There is no user %(user)s.") % {"user": username})
        try:
            set_password(
                origin=Origin(channel=Channel.COMMAND), user_id=user.pk, password=ask_password()
            )
        except BadgeError as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(_("The password of %(user)s was set.") % {"user": user})
