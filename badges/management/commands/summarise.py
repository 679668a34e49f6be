"""Update the counts of the request log, or rebuild them."""

from django.core.management import BaseCommand
from django.utils.translation import gettext as _

from badges.services.record import summaries


class Command(BaseCommand):
    help = _("Add new rows of the request log to the counts by day.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--rebuild", action="store_true", help=_("Delete the counts and count all rows again.")
        )

    def handle(self, *, rebuild, **options):
        counted = summaries.rebuild() if rebuild else summaries.catch_up_all()
        self.stdout.write(_("Requests counted: %(counted)d") % {"counted": counted})
