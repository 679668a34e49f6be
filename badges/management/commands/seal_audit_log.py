"""Seal what is new in the request log and the ledgers."""

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.services.seals import seal_entirely


class Command(BaseCommand):
    help = _(
        "Seal every request that is not sealed yet, with all it wrote, and publish the last seal. "
        "The server does it by itself every AUDIT_SEAL_SECONDS."
    )

    def handle(self, **options):
        try:
            seals = seal_entirely()
        except OSError as error:
            raise CommandError(
                _("Sealed, but the last seal was not published: %(error)s") % {"error": error}
            ) from error
        self.stdout.write(
            _("Seals made: %(seals)d, over %(rows)d rows.")
            % {"seals": len(seals), "rows": sum(seal.rows for seal in seals)}
        )
