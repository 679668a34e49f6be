"""The glossary: the words of the screens with their meanings."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from badges.models.names import search_key

TERMS = [
    (
        _("Badge"),
        _("What a customer can earn. It has a period, owners that may issue it, and limits."),
    ),
    (
        _("Owner"),
        _("A programme or campaign that issues badges, such as a loyalty programme or a journey."),
    ),
    (
        pgettext_lazy("noun", "Claim"),
        _(
            "An owner's reference that is recorded on a badge. A system can issue a badge only for "
            "an active claim; MemberCare needs none."
        ),
    ),
    (
        _("Enrolment"),
        _(
            "The permission for one customer to earn a badge during a period. Only some badges "
            "need one."
        ),
    ),
    (
        _("Channel"),
        _("How a request arrived: API, staff desk, list, import or command line."),
    ),
    (
        _("Seal"),
        _(
            "A checksum of many rows of the request log, which includes the seal before it. A row "
            "that is changed later no longer matches its seal."
        ),
    ),
    (
        _("Limit"),
        _(
            "How often a badge can be issued, to one customer or to all, in total or in a day, "
            "week, month or year. Revoked badges do not count."
        ),
    ),
    (
        _("Request"),
        _("One attempt to change something, accepted or refused. Each has a row in the log."),
    ),
    (
        _("Receipt"),
        _("The page of an accepted request: what was done, when, by whom and for whom."),
    ),
    (
        _("Integrator"),
        _("A system that calls the API, with its own id, secret and permissions."),
    ),
    (
        _("Event date"),
        _(
            "When the customer did what the badge is for. It decides which period and which limits "
            "apply, and may be earlier than the day of the issue."
        ),
    ),
    (
        _("Revoke"),
        _("To take an issued badge back. Both the issue and the revocation stay in the record."),
    ),
]


def glossary() -> list[tuple[str, str]]:
    """Return the terms with their meanings, in the alphabetical order of the user's language."""
    return sorted(((str(term), str(meaning)) for term, meaning in TERMS), key=_order)


def _order(entry: tuple[str, str]) -> str:
    return search_key(entry[0])
