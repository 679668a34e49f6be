"""Print the table of error codes as badges/api/README.md shows it."""

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from badges.errors import error_table


class Command(BaseCommand):
    help = _("Print the table of error codes, generated from badges/errors.py, as Markdown.")

    def handle(self, *args, **options):
        self.stdout.write(error_table())
