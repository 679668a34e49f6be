"""Write the sealed rows of one month to a file that proves itself."""

from datetime import datetime
from pathlib import Path

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.errors import BadgeError
from badges.models import Channel
from badges.services.archives import archive_month, sealed_month
from badges.services.requests import Origin


class Command(BaseCommand):
    help = _(
        "Write all rows that were sealed in a month to a compressed file, with their proof, and "
        "check the file as badges/audit/check_export.py does. Nothing leaves the database."
    )

    def add_arguments(self, parser):
        parser.add_argument("month", type=self.month, metavar="YYYY-MM", help=_("In UTC."))
        parser.add_argument("directory", type=Path, help=_("Where the file goes."))
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help=_("Say what would be written, and write nothing."),
        )

    @staticmethod
    def month(text):
        moment = datetime.strptime(text, "%Y-%m")
        return moment.year, moment.month

    def handle(self, *, month, directory, dry_run, **options):
        try:
            found = sealed_month(*month)
            self.stdout.write(
                _("%(rows)d rows in the seals %(first)d to %(last)d.")
                % {"rows": found.rows, "first": found.first, "last": found.last}
            )
            if dry_run:
                self.stdout.write(_("Would go to %(path)s.") % {"path": found.path_in(directory)})
                return
            origin = Origin(channel=Channel.COMMAND)
            path, digest = archive_month(origin=origin, month=found, directory=directory)
        except (BadgeError, OSError) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        self.stdout.write(_("Written and proven: %(path)s") % {"path": path})
        self.stdout.write(f"SHA-256 {digest}")
