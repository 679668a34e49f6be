"""Replace one customer by a pseudonym, in every table."""

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.errors import BadgeError
from badges.models import Channel
from badges.models.ids import customer_id_in
from badges.services.record.erasure import erase_customer, preview_erasure
from badges.services.request_log import Origin


class Command(BaseCommand):
    help = _(
        "Replace a customer by a pseudonym in the ledgers, the request log and stored answers. "
        "Seals and counts stay valid. Run it as the owner of the tables."
    )

    def add_arguments(self, parser):
        parser.add_argument("customer_id", help=_("The customer id."))
        parser.add_argument("--reason", default="", help=_("The reason, for the request log."))
        parser.add_argument(
            "--dry-run", action="store_true", help=_("Print the changes without making them.")
        )

        parser.add_argument(
            "--show-leftovers",
            action="store_true",
            help=_(
                "List the values that name the customer and that an erasure keeps, because "
                "integrators or staff chose them as identifiers. Makes no changes."
            ),
        )

    def handle(self, *, customer_id, reason, dry_run, show_leftovers, **options):
        number = customer_id_in(customer_id)
        if number is None:
            message = _("“%(value)s” is not a customer id, which has only digits.")
            raise CommandError(message % {"value": customer_id})
        origin = Origin(channel=Channel.COMMAND, reason=reason)
        try:
            erased = (
                preview_erasure(number)
                if dry_run or show_leftovers
                else erase_customer(origin=origin, customer_id=number)
            )
        except BadgeError as refusal:
            raise CommandError(str(refusal.message)) from refusal
        except OSError as error:
            raise CommandError(
                _("The customer was erased, but sealing failed: %(error)s") % {"error": error}
            ) from error
        if show_leftovers:
            self.write_leftovers(erased, keys=True)
            return
        for table, rows in erased.rows.items():
            self.stdout.write(f"{table}: {rows}")
        pseudonym = (
            _("Pseudonym: %(number)d (dry run).") if dry_run else _("Pseudonym: %(number)d.")
        )
        self.stdout.write(pseudonym % {"number": erased.pseudonym})
        self.write_leftovers(erased, keys=False)

    def write_leftovers(self, erased, *, keys):
        if not erased.leftovers:
            self.stdout.write(_("No other values name the customer."))
            return
        self.stdout.write(_("Values that were kept because integrators or staff chose them:"))
        for column, rows in sorted(erased.leftovers.items()):
            values = ", ".join(map(str, rows)) if keys else len(rows)
            self.stdout.write(f"{column}: {values}")
