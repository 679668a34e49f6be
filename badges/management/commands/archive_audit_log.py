"""Write the sealed rows of one month to a file, with their proof."""

from datetime import datetime
from pathlib import Path

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.errors import BadgeError
from badges.models import Channel
from badges.services.record.archives import archive_month, sealed_month
from badges.services.request_log import Origin


class Command(BaseCommand):
    help = _(
        "Write all rows that were sealed in a month to a compressed file with their proofs, and "
        "check the file with badges/audit/check_export.py. No row is deleted from the database."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "month", type=self.month, metavar="YYYY-MM", help=_("The month in UTC.")
        )
        parser.add_argument("directory", type=Path, help=_("The directory of the file."))
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help=_("Print the number of rows and the path, and write no file."),
        )

    @staticmethod
    def month(text):
        dt = datetime.strptime(text, "%Y-%m")
        return dt.year, dt.month

    def handle(self, *, month, directory, dry_run, **options):
        try:
            month_seals = sealed_month(*month)
            self.stdout.write(
                _("%(rows)d rows in the seals %(first)d to %(last)d.")
                % {"rows": month_seals.rows, "first": month_seals.first, "last": month_seals.last}
            )
            if dry_run:
                self.stdout.write(
                    _("The file would be %(path)s.") % {"path": month_seals.path_in(directory)}
                )
                return
            origin = Origin(channel=Channel.COMMAND)
            path, digest, summary = archive_month(
                origin=origin, month=month_seals, directory=directory
            )
        except (BadgeError, OSError) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        self.stdout.write("\n".join(summary))
        self.stdout.write(_("Written and verified: %(path)s") % {"path": path})
        self.stdout.write(f"SHA-256 {digest}")
