"""Print the table of error codes as badges/api/README.md shows it."""

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from badges.errors import ErrorCode


def error_table() -> str:
    """Return the codes with their HTTP status and text as a Markdown table."""
    rows = [f"| {code:d} | {code.http_status:d} | {code.message} |" for code in sorted(ErrorCode)]
    return "\n".join(["| code | HTTP | meaning |", "|--:|--:|---|", *rows])


class Command(BaseCommand):
    help = _("Print the table of error codes, generated from badges/errors.py, as Markdown.")

    def handle(self, *args, **options):
        self.stdout.write(error_table())
