"""From a fresh machine to a running application with demo data, on this machine alone."""

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

from badges.management.demo import cast, log_ins, story
from badges.management.readiness import Address
from badges.models import BadgeMeta, EarnedBadge, Integrator
from badges.services import summaries

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
    help = _("Prepare a database with demo data, show the log-ins and serve it to this machine.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--port",
            type=int,
            default=DEFAULT_PORT,
            help=_("The port to listen on. Default: %(port)d.") % {"port": DEFAULT_PORT},
        )
        parser.add_argument(
            "--no-serve", action="store_true", help=_("End after showing the log-ins.")
        )

    def handle(self, *, port, no_serve, **options):
        address = Address.parse(f"{LOOPBACK}:{port}")
        if not no_serve:
            address.check_free()
        known = known_demo()
        self.say(_("Database: preparing the tables."))
        call_command("migrate", interactive=False, verbosity=0)
        if known:
            self.say(_("Demo data: kept as it is."))
        else:
            known = self.make()
        self.show(known, address)
        if not no_serve:
            os.environ["SECRET_KEY"] = settings.SECRET_KEY
            call_command("serve", bind=str(address), stdout=self.stdout, stderr=self.stderr)

    def make(self):
        """Make people and story, all of it or nothing."""
        self.say(_("Demo data: telling three months of it, which takes some seconds."))
        started = time.monotonic()
        with transaction.atomic():
            made = log_ins.make()
            story.Story(actors=actors(made), now=timezone.now(), earns=story.EARNS).tell()
            made.keep()
        summaries.catch_up_entirely()
        result = EarnedBadge.objects.aggregate(
            earns=Count("pk"), customers=Count("customer_id", distinct=True)
        )
        self.say(
            _("Demo data: %(earns)d badges given to %(customers)d customers, in %(seconds).1f s.")
            % {**result, "seconds": time.monotonic() - started}
        )
        return made

    def show(self, known, address):
        """Print the log-ins, the address and a request that works."""
        self.say("", _("Log in at http://%(address)s/admin/ as") % {"address": address})
        for name, password in known.passwords.items():
            self.say(f"  {name:<12}{password}")
        self.say(_("The integrator %(name)s") % {"name": log_ins.INTEGRATOR})
        self.say(f"  client id      {known.client_id}", f"  client secret  {known.client_secret}")
        self.say(_("Give a badge through the API:"), "", self.curl(known, address))

    @staticmethod
    def curl(known, address):
        """Return a command line that gives the Early Bird badge, each second anew."""
        part = cast.EARLY_BIRD
        return CURL.format(
            client_id=known.client_id,
            client_secret=known.client_secret,
            address=address,
            badge_id=BadgeMeta.objects.get(name=part.name).pk,
            customer_id=story.FIRST_CUSTOMER,
            **asdict(part.owner),
        )

    def say(self, *lines):
        for line in lines:
            self.stdout.write(line)
        self.stdout.flush()


def known_demo():
    """Return the log-ins of a demo made before, or None for an empty database; else stop."""
    known = log_ins.kept()
    if known is None and not log_ins.is_empty():
        raise CommandError(
            _(
                "The database holds users, integrators or badges, and %(folder)s does not hold the "
                "log-ins of a demo in it. The demo only writes into an empty database: name one in "
                "DATABASE_URL, or leave that out and remove %(folder)s/badgeadmin.sqlite3."
            )
            % {"folder": settings.VAR_DIR}
        )
    return known


def actors(made):
    """Return the people and the integrator who play the story."""
    return story.Actors(
        integrator=Integrator.objects.get(client_id=made.client_id),
        clerk=User.objects.get(username="membercare"),
        supervisor=User.objects.get(username="supervisor"),
    )
