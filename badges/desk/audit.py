"""The state of the record: how far it is sealed and verified, and what was found."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from badges.audit import heads
from badges.audit.verification import Fault, Problem
from badges.desk.access import show, staff_page
from badges.forms import origin_of
from badges.models import RequestLog, Seal, Verification
from badges.services import verifications

SEALS_SHOWN = 20
SECONDS_A_STEP = 1.0
LATE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Sealing:
    """How far the record is sealed: the newest seal, and the oldest request that waits for one."""

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
    """How far everything is sealed and verified, and the newest seals."""
    context = {
        "title": _("Proof of the record"),
        "sealing": sealing(),
        "seal_seconds": settings.AUDIT_SEAL_SECONDS,
        "published": heads.last_published(),
        "seals": Seal.objects.defer("leaves")[:SEALS_SHOWN],
        **_of_verification(Verification.objects.select_related("request__user").first()),
    }
    return show(request, "desk/audit/record.html", context)


@require_POST
@staff_page("badges.add_verification")
def verify(request):
    """Begin to verify everything; the page then goes on by itself, or click by click."""
    verification = verifications.begin(origin=origin_of(request))
    return _go_on(request, verification)


@require_POST
@staff_page("badges.add_verification")
def verify_on(request, pk):
    """Verify for about a second more."""
    return _go_on(request, get_object_or_404(Verification, pk=pk))


@require_safe
@staff_page("badges.view_seal")
def public_key(request):
    """The key that auditors check published seals and exports with."""
    heads.signing_key()
    path = Path(settings.AUDIT_SIGNING_KEY).with_suffix(".pub")
    as_file = {"Content-Disposition": 'attachment; filename="badgeadmin.pub"'}
    return HttpResponse(path.read_bytes(), content_type="application/x-pem-file", headers=as_file)


def _go_on(request, verification):
    verifications.go_on(verification, seconds=SECONDS_A_STEP)
    if request.htmx:
        return show(request, "desk/audit/_verification.html", _of_verification(verification))
    return redirect("desk:record")


def _of_verification(verification: Verification | None) -> dict:
    if verification is None:
        return {"verification": None}
    last = verification.last_seal
    return {
        "verification": verification,
        "percent": 100 * verification.checked_seal // last if last else 100,
        "faults": [_shown(Problem(**fault)) for fault in verification.faults],
    }


def _shown(problem: Problem) -> dict:
    """Return a fault in words, with a link to what can be looked at."""
    is_request = problem.kind == "request" and problem.fault != Fault.MISSING
    url = reverse("desk:request", args=[problem.key]) if is_request else ""
    return {"problem": problem, "fault": Fault(problem.fault).label, "url": url}
