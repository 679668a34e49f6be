"""Create the demo data and serve the application, on this machine only."""

import os
import time
from dataclasses import asdict

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import BaseCommand, CommandError, call_command
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from badges.management.demo import definitions, events, log_ins
from badges.management.readiness import Address
from badges.models import BadgeMeta, EarnedBadge, Integrator
from badges.services.record import summaries

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8000
CURL = """\
curl -u '{client_id}:{client_secret}' -H 'Content-Type: application/json' \\
  http://{address}/api_gateway/v1/badges/customer/earn \\
  -d '{{"badgeMetaId": "{badge_id}", "customerId": {customer_id},
       "requestId": "'$(date +%s)'",
       "triggeredBy": {{"ownerType": "{owner_type}", "referenceId": "{reference_id}"}}}}'
"""


class Command(BaseCommand):
    help = _("Create a database with demo data, show the log-ins, and serve it on this machine.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--port",
            type=int,
            default=DEFAULT_PORT,
            help=_("The port of the server. Default: %(port)d.") % {"port": DEFAULT_PORT},
        )
        parser.add_argument(
            "--no-serve",
            action="store_true",
            help=_("Show the log-ins and do not start the server."),
        )

    def handle(self, *, port, no_serve, **options):
        address = Address.parse(f"{LOOPBACK}:{port}")
        if not no_serve:
            address.check_free()
        credentials = existing_demo()
        self.say(_("Database: creating the tables."))
        call_command("migrate", interactive=False, verbosity=0)
        if credentials:
            self.say(_("Demo data: exists already."))
        else:
            credentials = self.make()
        self.show(credentials, address)
        if not no_serve:
            os.environ["SECRET_KEY"] = settings.SECRET_KEY
            call_command("serve", bind=str(address), stdout=self.stdout, stderr=self.stderr)

    def make(self):
        """Create the users and the demo data in one transaction."""
        self.say(_("Demo data: creating three months of it, which takes some seconds."))
        started = time.monotonic()
        with transaction.atomic():
            credentials = log_ins.make()
            events.DemoEvents(
                actors=actors(credentials), now=timezone.now(), earns=events.EARNS
            ).create_all()
            credentials.write_file()
        summaries.catch_up_all()
        result = EarnedBadge.objects.aggregate(
            earns=Count("pk"), customers=Count("customer_id", distinct=True)
        )
        self.say(
            _("Demo data: %(earns)d badges given to %(customers)d customers, in %(seconds).1f s.")
            % {**result, "seconds": time.monotonic() - started}
        )
        return credentials

    def show(self, credentials, address):
        """Print the log-ins, the address and an example request."""
        self.say("", _("Log in at http://%(address)s/ as") % {"address": address})
        for name, password in credentials.passwords.items():
            self.say(f"  {name:<12}{password}")
        self.say(_("The integrator %(name)s") % {"name": log_ins.INTEGRATOR})
        self.say(
            f"  client id      {credentials.client_id}",
            f"  client secret  {credentials.client_secret}",
        )
        self.say(_("Give a badge through the API:"), "", self.curl(credentials, address))

    @staticmethod
    def curl(credentials, address):
        """Return a command that gives the Early Bird badge, with a new request id each second."""
        demo_badge = definitions.EARLY_BIRD
        return CURL.format(
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            address=address,
            badge_id=BadgeMeta.objects.get(name=demo_badge.name).pk,
            customer_id=events.FIRST_CUSTOMER,
            **asdict(demo_badge.owner),
        )

    def say(self, *lines):
        for line in lines:
            self.stdout.write(line)
        self.stdout.flush()


def existing_demo():
    """Return the log-ins of an existing demo, or None for an empty database.

    Raises CommandError for a database with other data.
    """
    credentials = log_ins.stored_log_ins()
    if credentials is None and not log_ins.is_empty():
        raise CommandError(
            _(
                "The database contains users, integrators or badges, and %(folder)s has no "
                "log-ins of a demo for it. The demo requires an empty database: set DATABASE_URL "
                "to one, or unset it and remove %(folder)s/badgeadmin.sqlite3."
            )
            % {"folder": settings.VAR_DIR}
        )
    return credentials


def actors(credentials):
    """Return the users and the integrator of the demo data."""
    return events.Actors(
        integrator=Integrator.objects.get(client_id=credentials.client_id),
        clerk=User.objects.get(username="membercare"),
        supervisor=User.objects.get(username="supervisor"),
    )
