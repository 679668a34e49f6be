"""Views of the record: the progress of sealing and verification, and the faults."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from badges.audit import erasures, heads
from badges.audit.verification import NOT_COMPARED, Fault, Problem
from badges.desk.access import show, staff_page
from badges.forms import origin_of
from badges.models import RequestLog, Seal, Verification
from badges.services.record import verifications

SEALS_SHOWN = 20
SECONDS_A_STEP = 1.0
LATE = timedelta(seconds=60)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sealing:
    """The newest seal, and the time at which the oldest unsealed request was recorded."""

    newest: Seal | None
    waiting_since: datetime | None

    @property
    def is_late(self) -> bool:
        return self.waiting_since is not None and timezone.now() - self.waiting_since > LATE


def sealing() -> Sealing:
    newest = Seal.objects.newest()
    waiting = RequestLog.objects.waiting_after(newest)
    return Sealing(newest, waiting.values_list("recorded_at", flat=True).first())


@never_cache
@require_safe
@staff_page("badges.view_seal")
def record(request):
    """Show the progress of sealing and verification, and the newest seals."""
    context = {
        "title": _("Audit integrity"),
        "sealing": sealing(),
        "seal_seconds": settings.AUDIT_SEAL_SECONDS,
        "published": heads.last_published(),
        "seals": Seal.objects.defer("leaves")[:SEALS_SHOWN],
        **_of_verification(Verification.objects.select_related("request__user").first()),
    }
    return show(request, "desk/record/record.html", context)


@require_POST
@staff_page("badges.add_verification")
def verify(request):
    """Begin to verify everything; the page continues by itself, or with each click."""
    verification = verifications.begin(origin=origin_of(request))
    return _go_on(request, verification)


@require_POST
@staff_page("badges.add_verification")
def verify_on(request, pk):
    """Continue a verification for about one second."""
    return _go_on(request, get_object_or_404(Verification, pk=pk))


@require_safe
@staff_page("badges.view_seal")
def public_key(request):
    """Return the public key with which auditors verify published seals and exports."""
    heads.signing_key()
    path = Path(settings.AUDIT_SIGNING_KEY).with_suffix(".pub")
    as_file = {"Content-Disposition": 'attachment; filename="badgeadmin.pub"'}
    return HttpResponse(path.read_bytes(), content_type="application/x-pem-file", headers=as_file)


def _go_on(request, verification):
    error = ""
    try:
        verifications.continue_for(verification, seconds=SECONDS_A_STEP)
    except (OSError, ValueError):
        log.exception("The published seals or their key cannot be read.")
        error = _("The published seals or their key cannot be read. Tell your administrator.")
    if request.htmx:
        context = _of_verification(verification) | {"error": error}
        return show(request, "desk/record/_verification.html", context)
    if error:
        messages.error(request, error)
    return redirect("desk:record")


def _of_verification(verification: Verification | None) -> dict:
    if verification is None:
        return {"verification": None}
    last = verification.last_seal
    return {
        "verification": verification,
        "not_compared": NOT_COMPARED if verification.finished_at and not verification.heads else "",
        "percent": 100 * verification.checked_seal // last if last else 100,
        "erasures": erasures.describe(verification.replaced),
        "replaced": sum(verification.replaced.values()),
        "faults": [_described(Problem(**fault)) for fault in verification.faults],
    }


def _described(problem: Problem) -> dict:
    """Return a fault in words, with a link to the request if it exists."""
    is_request = problem.kind == "request" and problem.fault != Fault.MISSING
    url = reverse("desk:request", args=[problem.key]) if is_request else ""
    return {"problem": problem, "fault": Fault(problem.fault).label, "url": url}
