"""Empty the test database. The guards of the record refuse it; `post_migrate` restores them."""

from django.core.management.commands import flush

from badges.audit import guards


class Command(flush.Command):
    def handle(self, **options):
        guards.lift(options["database"])
        super().handle(**options)
