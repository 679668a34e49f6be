"""The OAuth toolkit's command would make an integrator that nobody is told of: it is shut."""

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _


class Command(BaseCommand):
    help = _("Not for use: create_integrator makes integrators.")

    def add_arguments(self, parser):
        parser.add_argument("anything", nargs="*")

    def handle(self, **options):
        raise CommandError(_("Use create_integrator, which leaves its trace in the request log."))
