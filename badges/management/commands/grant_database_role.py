"""Set up the least-privilege PostgreSQL role of the application."""

from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from badges.audit.database_role import grant


class Command(BaseCommand):
    help = _(
        "Grant a PostgreSQL role the privileges that the application needs: it can insert rows "
        "into the request log and the ledgers, but cannot change or delete them. Run this command "
        "as the owner of the tables, and again after each migrate."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "role", help=_("The name of the role, which is created if it does not exist.")
        )

    def handle(self, *, role, **options):
        if connection.vendor != "postgresql":
            raise CommandError(_("SQLite has no roles; DATABASE_URL must refer to PostgreSQL."))
        try:
            statements = grant(role)
        except DatabaseError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(f"{statement};" for statement in statements))
