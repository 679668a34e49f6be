"""Make an administrator, in place of Django's command, which leaves no trace."""

import os

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.errors import BadgeError
from badges.management.passwords import ask_password
from badges.models import Channel
from badges.services.people import create_user
from badges.services.requests import Origin

ENVIRONMENT = "DJANGO_SUPERUSER_"


class Command(BaseCommand):
    help = _("Make a member of staff who may do everything.")

    def add_arguments(self, parser):
        parser.add_argument("--username", help=_("The name to sign in with."))
        parser.add_argument("--email", help=_("An e-mail address; none is needed."))
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help=_("Ask for nothing: what is not given is taken from %(names)s.")
            % {"names": f"{ENVIRONMENT}USERNAME, {ENVIRONMENT}EMAIL, {ENVIRONMENT}PASSWORD"},
        )

    def handle(self, *, username, email, interactive, **options):
        username = username or os.environ.get(f"{ENVIRONMENT}USERNAME")
        if interactive:
            username = username or input(_("User name: "))
            password = ask_password()
        else:
            password = os.environ.get(f"{ENVIRONMENT}PASSWORD")
        if not username:
            raise CommandError(_("The user name is missing."))
        try:
            create_user(
                origin=Origin(channel=Channel.COMMAND),
                username=username,
                password=password,
                email=email or os.environ.get(f"{ENVIRONMENT}EMAIL", ""),
                is_staff=True,
                is_superuser=True,
            )
        except BadgeError as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(_("%(user)s may do everything now.") % {"user": username})
