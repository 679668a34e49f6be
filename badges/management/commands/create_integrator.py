"""Make an API client on the command line."""

import json
from datetime import UTC, datetime

from django.contrib.auth.models import Group
from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.errors import BadgeError
from badges.models import Channel
from badges.services.integrators import create_integrator
from badges.services.requests import Origin

DEFAULT_GROUP = "Default"


class Command(BaseCommand):
    help = _("Make an integrator, a client of the API, and show its secret this once.")

    def add_arguments(self, parser):
        parser.add_argument("name", help=_("The name of the integrator, as the logs show it."))
        parser.add_argument(
            "--access-group",
            action="append",
            metavar="GROUP",
            dest="access_groups",
            help=_("An access group it belongs to; may be repeated. Default: %(group)s.")
            % {"group": DEFAULT_GROUP},
        )
        parser.add_argument(
            "--owner-type",
            action="append",
            default=[],
            metavar="TYPE",
            dest="owner_types",
            help=_("A module it may claim and give badges for; may be repeated. Default: all."),
        )
        parser.add_argument(
            "--ends-at",
            type=self.moment,
            metavar="ISO",
            help=_("From when on it is refused, as ISO 8601; without an offset in UTC."),
        )
        parser.add_argument(
            "--json", action="store_true", help=_("Print one JSON object and nothing else.")
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
        made = {
            "name": integrator.name,
            "client_id": integrator.client_id,
            "client_secret": secret,
        }
        self.stdout.write(json.dumps(made) if options["json"] else self.text(made))

    @staticmethod
    def moment(text):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @staticmethod
    def groups(names):
        """Return the access groups of the names; one that is missing stops the command."""
        groups = list(Group.objects.filter(name__in=names))
        missing = set(names) - {group.name for group in groups}
        if missing:
            raise CommandError(
                _("There is no access group %(names)s. There are: %(known)s.")
                % {
                    "names": ", ".join(sorted(missing)),
                    "known": ", ".join(
                        Group.objects.order_by("name").values_list("name", flat=True)
                    ),
                }
            )
        return groups

    @staticmethod
    def text(made):
        return (
            _(
                "Integrator: %(name)s\n"
                "Client id: %(client_id)s\n"
                "Client secret: %(client_secret)s\n"
                "The secret is kept as a hash alone: note it now, it cannot be shown again."
            )
            % made
        )
