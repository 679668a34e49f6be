"""Disable the OAuth toolkit's command, whose integrators would be missing in the request log."""

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _


class Command(BaseCommand):
    help = _("Disabled. Use create_integrator instead.")

    def add_arguments(self, parser):
        parser.add_argument("anything", nargs="*")

    def handle(self, **options):
        raise CommandError(_("Use create_integrator, which writes to the request log."))
