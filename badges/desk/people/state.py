"""The state of a member of staff as a word, an icon and a colour."""

from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from badges.desk.parts.picker import Pill

DEACTIVATED = Pill("off", "block", _("Deactivated"))
INVITED = Pill("info", "mail", _("Invited"))
LINK_EXPIRED = Pill("warn", "link_off", _("Link expired"))
NO_PASSWORD = Pill("warn", "key_off", _("No password"))
ACTIVE = Pill("good", "check_circle", _("Active"))


def state_of(person: User, now: datetime) -> Pill:
    """Return the state that is most important to staff; `person` is read with `security`."""
    if not (person.is_active and person.is_staff):
        return DEACTIVATED
    security = getattr(person, "security", None)
    if security and security.setup_link:
        is_valid = security.setup_link_ends_at and security.setup_link_ends_at > now
        return INVITED if is_valid else LINK_EXPIRED
    return ACTIVE if person.has_usable_password() else NO_PASSWORD
