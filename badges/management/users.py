"""The base class of commands for one user, who is found by name."""

from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.errors import BadgeError


class UserCommand(BaseCommand):
    """A command whose `perform` changes a user and returns the output."""

    def add_arguments(self, parser):
        parser.add_argument("username", help=_("The user name."))

    def perform(self, user: User) -> str:
        """Change the user, and return the output. Raises BadgeError."""
        raise NotImplementedError

    def handle(self, *, username, **options):
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(_("There is no user %(user)s.") % {"user": username})
        try:
            self.stdout.write(self.perform(user))
        except BadgeError as refusal:
            raise CommandError(str(refusal.message)) from refusal
