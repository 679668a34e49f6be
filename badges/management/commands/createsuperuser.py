"""Create an administrator; Django's command does not write to the request log."""

import os

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.errors import BadgeError
from badges.management.passwords import ask_password
from badges.management.setup_codes import words_of_setup_code
from badges.models import Channel
from badges.services.access import second_factor
from badges.services.access.people import create_user
from badges.services.request_log import Origin

ENVIRONMENT = "DJANGO_SUPERUSER_"


class Command(BaseCommand):
    help = _("Create a superuser.")

    def add_arguments(self, parser):
        parser.add_argument("--username", help=_("The user name."))
        parser.add_argument("--email", help=_("The e-mail address (optional)."))
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help=_("Do not prompt for input; read missing values from %(names)s.")
            % {"names": f"{ENVIRONMENT}USERNAME, {ENVIRONMENT}EMAIL, {ENVIRONMENT}PASSWORD"},
        )

    def handle(self, *, username, email, interactive, **options):
        username = username or os.environ.get(f"{ENVIRONMENT}USERNAME")
        if interactive:
            username = username or input(_("User name: "))
            password: str | None = ask_password()
        else:
            password = os.environ.get(f"{ENVIRONMENT}PASSWORD")
        if not username:
            raise CommandError(_("The user name is missing."))
        origin = Origin(channel=Channel.COMMAND)
        try:
            user = create_user(
                origin=origin,
                username=username,
                password=password,
                email=email or os.environ.get(f"{ENVIRONMENT}EMAIL", ""),
                is_staff=True,
                is_superuser=True,
            )
        except BadgeError as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(_("The superuser %(user)s was created.") % {"user": username})
        if second_factor.waits_for_setup_code(user):
            code = second_factor.reset(origin=origin, user=user)
            self.stdout.write(words_of_setup_code(user, code))
