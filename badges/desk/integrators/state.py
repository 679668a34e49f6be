"""The state of an integrator as a word, an icon and a colour."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from badges.desk.parts.picker import Pill
from badges.models import Integrator

SOON = timedelta(days=7)

REVOKED = Pill("off", "block", _("Revoked"))
ENDED = Pill("warn", "event_busy", _("Ended"))
ENDS_SOON = Pill("warn", "hourglass_bottom", _("Ends soon"))
TWO_SECRETS = Pill("info", "key", _("Two secrets"))
WORKING = Pill("good", "check_circle", _("Active"))


def state_of(integrator: Integrator, now: datetime) -> Pill:
    """Return the state that is most important to staff."""
    if not integrator.active:
        return REVOKED
    if integrator.ends_at and integrator.ends_at <= now:
        return ENDED
    if integrator.ends_at and integrator.ends_at <= now + SOON:
        return ENDS_SOON
    return TWO_SECRETS if integrator.overlaps else WORKING
