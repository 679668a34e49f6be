"""Update the German message catalogue."""

import re
from pathlib import Path

from django.conf import settings
from django.core.management import BaseCommand, call_command
from django.utils.translation import gettext as _

LANGUAGE = "de"
# Directories that are not part of the application, or were installed next to it.
IGNORED = ["tests", "var", ".venv", "venv"]
DATE = re.compile(r'^"(POT-Creation|PO-Revision)-Date:.*\\n"\n', re.MULTILINE)


class Command(BaseCommand):
    help = _("Update the German catalogue from the source, and compile it (requires gettext).")

    def handle(self, **options):
        call_command(
            "makemessages",
            locale=[LANGUAGE],
            ignore_patterns=IGNORED,
            no_location=True,
            no_obsolete=True,
            verbosity=0,
        )
        folder = Path(settings.LOCALE_PATHS[0]) / LANGUAGE / "LC_MESSAGES"
        catalogue = folder / "django.po"
        # A run without new texts must not change the file.
        catalogue.write_text(DATE.sub("", catalogue.read_text()))
        call_command("compilemessages", locale=[LANGUAGE], ignore_patterns=IGNORED, verbosity=0)
