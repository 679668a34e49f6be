"""Put a pseudonym in the place of one customer, everywhere."""

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.errors import BadgeError
from badges.models import Channel
from badges.models.ids import customer_id_in
from badges.services.erasure import erase_customer, preview_erasure
from badges.services.requests import Origin


class Command(BaseCommand):
    help = _(
        "Replace a customer by a pseudonym in the ledgers, the request log and stored answers. "
        "Seals and counts stay valid. Run it as the owner of the tables."
    )

    def add_arguments(self, parser):
        parser.add_argument("customer_id", help=_("The number of the customer."))
        parser.add_argument("--reason", default="", help=_("Why, as the request log shows it."))
        parser.add_argument(
            "--dry-run", action="store_true", help=_("Say what would change, and change nothing.")
        )

    def handle(self, *, customer_id, reason, dry_run, **options):
        number = customer_id_in(customer_id)
        if number is None:
            raise CommandError(_("That is no customer id."))
        origin = Origin(channel=Channel.COMMAND, reason=reason)
        try:
            erased = (
                preview_erasure(number)
                if dry_run
                else erase_customer(origin=origin, customer_id=number)
            )
        except BadgeError as refusal:
            raise CommandError(str(refusal.message)) from refusal
        for table, rows in erased.rows.items():
            self.stdout.write(f"{table}: {rows}")
        said = _("Would become customer %(number)d.") if dry_run else _("Now customer %(number)d.")
        self.stdout.write(said % {"number": erased.pseudonym})
