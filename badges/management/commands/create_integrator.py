"""Create an API client on the command line."""

import json
from argparse import ArgumentTypeError

from django.contrib.auth.models import Group
from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.errors import BadgeError
from badges.models import Channel
from badges.services.access.integrators import create_integrator
from badges.services.request_log import Origin
from badges.times import parse_datetime

DEFAULT_GROUP = "Default"


class Command(BaseCommand):
    help = _("Create an integrator, which is a client of the API, and show its secret once.")

    def add_arguments(self, parser):
        parser.add_argument("name", help=_("The name of the integrator."))
        parser.add_argument(
            "--access-group",
            action="append",
            metavar="GROUP",
            dest="access_groups",
            help=_("An access group of the integrator; may be repeated. Default: %(group)s.")
            % {"group": DEFAULT_GROUP},
        )
        parser.add_argument(
            "--owner-type",
            action="append",
            default=[],
            metavar="TYPE",
            dest="owner_types",
            help=_("An owner type for which it may act; may be repeated. Default: all."),
        )
        parser.add_argument(
            "--ends-at",
            type=self.dt,
            metavar="ISO",
            help=_("The end of its access as ISO 8601; UTC if the offset is omitted."),
        )
        parser.add_argument(
            "--json", action="store_true", help=_("Print the result as one JSON object.")
        )

    def handle(self, *, name, access_groups, owner_types, ends_at, **options):
        groups = self.groups(access_groups or [DEFAULT_GROUP])
        try:
            integrator, secret = create_integrator(
                origin=Origin(channel=Channel.COMMAND),
                name=name,
                access_groups=groups,
                owner_types=owner_types,
                ends_at=ends_at,
            )
        except BadgeError as refusal:
            raise CommandError(str(refusal.message)) from refusal
        credentials = {
            "name": integrator.name,
            "client_id": integrator.client_id,
            "client_secret": secret,
        }
        self.stdout.write(json.dumps(credentials) if options["json"] else self.text(credentials))

    @staticmethod
    def dt(text):
        try:
            return parse_datetime(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    @staticmethod
    def groups(names):
        """Return the access groups with these names; raise CommandError if one is missing."""
        groups = list(Group.objects.filter(name__in=names))
        missing = set(names) - {group.name for group in groups}
        if missing:
            raise CommandError(
                _("There is no access group %(names)s. Existing groups: %(existing)s.")
                % {
                    "names": ", ".join(sorted(missing)),
                    "existing": ", ".join(
                        Group.objects.order_by("name").values_list("name", flat=True)
                    ),
                }
            )
        return groups

    @staticmethod
    def text(credentials):
        return (
            _(
                "Integrator: %(name)s\n"
                "Client id: %(client_id)s\n"
                "Client secret: %(client_secret)s\n"
                "Only a hash of the secret is stored. Copy it now; it cannot be shown again."
            )
            % credentials
        )
