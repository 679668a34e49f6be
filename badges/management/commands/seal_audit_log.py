"""Seal the new rows of the request log and the ledgers."""

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.services.record.seals import seal_all


class Command(BaseCommand):
    help = _(
        "Seal all unsealed requests with the rows that they wrote, and publish the last seal. The "
        "server does this every AUDIT_SEAL_SECONDS seconds."
    )

    def handle(self, **options):
        try:
            seals = seal_all()
        except OSError as error:
            raise CommandError(
                _("The requests were sealed, but the last seal was not published: %(error)s")
                % {"error": error}
            ) from error
        self.stdout.write(
            _("Created %(seals)d seals of %(rows)d rows.")
            % {"seals": len(seals), "rows": sum(seal.rows for seal in seals)}
        )
