"""Verify the seals, in one go or step by step, and keep what was found."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, replace

from django.db import transaction
from django.utils import timezone

from badges.audit.verification import Checked, verify
from badges.models import Operation, Seal, Verification
from badges.services.requests import Origin, attempt

FAULTS_KEPT = 100


def begin(*, origin: Origin, since: int = 1) -> Verification:
    """Begin to verify the seals from one number on, up to the newest there is now."""
    newest = Seal.objects.values_list("number", flat=True).first() or 0
    said = replace(origin, content=json.dumps({"first_seal": since, "last_seal": newest}))
    with attempt(Operation.VERIFY, origin=said, now=timezone.now()) as request:
        return Verification.objects.create(
            request=request, checked_seal=since - 1, last_seal=max(newest, since - 1)
        )


def run(verification: Verification) -> Iterator[Checked]:
    """Go on with a verification, seal by seal, keeping and yielding what is found.

    Each seal counts once, even if two go on with one verification at the same time.
    """
    for checked in verify(verification.checked_seal + 1, verification.last_seal):
        _keep(verification, checked)
        yield checked
    _finish(verification)


def go_on(verification: Verification, *, seconds: float) -> None:
    """Go on with a verification for about so many seconds."""
    enough = time.monotonic() + seconds
    for _checked in run(verification):
        if time.monotonic() >= enough:
            break
    _finish(verification)


def _keep(verification: Verification, checked: Checked) -> None:
    with transaction.atomic():
        kept = Verification.objects.select_for_update().get(pk=verification.pk)
        if kept.checked_seal < checked.number:
            kept.checked_seal = checked.number
            kept.rows += checked.rows
            kept.fault_count += len(checked.problems)
            room = max(FAULTS_KEPT - len(kept.faults), 0)
            kept.faults += [asdict(problem) for problem in checked.problems[:room]]
            kept.save()
    verification.refresh_from_db()


def _finish(verification: Verification) -> None:
    """Say that a verification is over, if it has come to its last seal."""
    if verification.checked_seal >= verification.last_seal and not verification.finished_at:
        verification.finished_at = timezone.now()
        verification.save(update_fields=["finished_at"])
