"""Empty the test database, which the guards of the record refuse; `post_migrate` puts them back."""

from django.core.management.commands import flush

from badges.audit import guards


class Command(flush.Command):
    def handle(self, **options):
        guards.lift(options["database"])
        super().handle(**options)
