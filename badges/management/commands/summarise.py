"""Bring the counts of the request log up to date, or count it anew."""

from django.core.management import BaseCommand
from django.utils.translation import gettext as _

from badges.services import summaries


class Command(BaseCommand):
    help = _("Add what is new in the request log to the counts by day that the pages show.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--rebuild", action="store_true", help=_("Forget the counts and count everything anew.")
        )

    def handle(self, *, rebuild, **options):
        counted = summaries.rebuild() if rebuild else summaries.catch_up_entirely()
        self.stdout.write(_("Requests counted: %(counted)d") % {"counted": counted})
