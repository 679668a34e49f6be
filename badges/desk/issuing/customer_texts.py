"""The text about an issued badge that staff copy and send to the customer."""

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from badges.models import EarnedBadge


def customer_text(earned: EarnedBadge) -> str:
    """Return a message to the customer, in the language and the time zone of the page.

    A revoked badge has none.
    """
    if earned.revoked_at is not None:
        return ""
    if earned.never_expires:
        validity = _("It never expires.")
    else:
        day = date_format(localtime(earned.expires_at), "DATE_FORMAT")
        validity = _("It is valid until %(day)s.") % {"day": day}
    received = _("You have received the badge “%(badge)s”.") % {"badge": earned.badge.name}
    return " ".join([received, validity, _("Thank you for being our customer!")])
