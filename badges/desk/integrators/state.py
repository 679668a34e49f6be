"""How an integrator stands, in a word, an icon and a colour."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from badges.desk.picker import Standing
from badges.models import Integrator

SOON = timedelta(days=7)

REVOKED = Standing("off", "block", _("Revoked"))
ENDED = Standing("warn", "event_busy", _("Ended"))
ENDS_SOON = Standing("warn", "hourglass_bottom", _("Ends soon"))
TWO_SECRETS = Standing("info", "key", _("Two secrets"))
WORKING = Standing("good", "check_circle", _("Active"))


def state_of(integrator: Integrator, now: datetime) -> Standing:
    """Return the state that staff should know of first."""
    if not integrator.active:
        return REVOKED
    if integrator.ends_at and integrator.ends_at <= now:
        return ENDED
    if integrator.ends_at and integrator.ends_at <= now + SOON:
        return ENDS_SOON
    return TWO_SECRETS if integrator.overlaps else WORKING
