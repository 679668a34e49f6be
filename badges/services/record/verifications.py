"""Verify the seals, completely or step by step, and store the results."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from badges.audit import heads
from badges.audit.verification import Checked, Compared, Problem, compare_heads, verify
from badges.models import Operation, Seal, Verification
from badges.services.request_log import Origin, logged_request

MAX_FAULTS = 100


def begin(*, origin: Origin, since: int = 1) -> Verification:
    """Begin a verification of the seals from number `since` up to the newest one."""
    newest = Seal.objects.values_list("number", flat=True).first() or 0
    logged_origin = replace(origin, content=json.dumps({"first_seal": since, "last_seal": newest}))
    with logged_request(Operation.VERIFY, origin=logged_origin, now=timezone.now()) as request:
        return Verification.objects.create(
            request=request, checked_seal=since - 1, last_seal=max(newest, since - 1)
        )


def run(
    verification: Verification,
    files: Sequence[Path] | None = None,
    key_file: Path | None = None,
) -> Iterator[Checked | Compared]:
    """Continue a verification; store and yield the results, first of the seals, then of the heads.

    The heads are those of `files`, by default of the file in which this deployment publishes them.
    Each seal and each head counts once, even if two processes continue one verification at the same
    time. Raises OSError or ValueError if the heads or the key cannot be read.
    """
    files = heads.head_files() if files is None else files
    for checked in verify(verification.checked_seal + 1, verification.last_seal, key_file):
        _save_checked(verification, checked)
        yield checked
    for compared in compare_heads(files, key_file, after=verification.heads):
        _save_compared(verification, compared)
        yield compared
    _finish(verification)


def continue_for(verification: Verification, *, seconds: float) -> None:
    """Continue a verification for about `seconds` seconds. Raises the exceptions of `run`."""
    deadline = time.monotonic() + seconds
    for _result in run(verification):
        if time.monotonic() >= deadline:
            break


def _save_checked(verification: Verification, checked: Checked) -> None:
    with _locked_verification(verification) as locked:
        if locked.checked_seal < checked.number:
            locked.checked_seal = checked.number
            locked.rows += checked.rows
            for request, rows in checked.replaced.items():
                locked.replaced[str(request)] = locked.replaced.get(str(request), 0) + rows
            _add_faults(locked, checked.problems)


def _save_compared(verification: Verification, compared: Compared) -> None:
    with _locked_verification(verification) as locked:
        if locked.heads == verification.heads:
            locked.heads += compared.heads
            _add_faults(locked, compared.problems)


def _finish(verification: Verification) -> None:
    with _locked_verification(verification) as locked:
        locked.finished_at = locked.finished_at or timezone.now()


@contextmanager
def _locked_verification(verification: Verification) -> Iterator[Verification]:
    """Yield the locked row of a verification, save it, and refresh the caller's instance."""
    with transaction.atomic():
        locked = Verification.objects.select_for_update().get(pk=verification.pk)
        yield locked
        locked.save()
    verification.refresh_from_db()


def _add_faults(locked: Verification, problems: list[Problem]) -> None:
    locked.fault_count += len(problems)
    capacity = max(MAX_FAULTS - len(locked.faults), 0)
    locked.faults += [asdict(problem) for problem in problems[:capacity]]
