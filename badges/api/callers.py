"""Callers that proved who they are before, so that the next call need not ask the database.

Nothing is believed for a time: a write that counts on a caller asks whether the integrator, its
rights and its token still stand (`services.posting`), and has it forgotten when they do not.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from badges.models import Integrator

MOST_KNOWN = 5_000

# By the SHA-256 of the Authorization header: the secret itself is kept nowhere.
_known: dict[bytes, "Caller"] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    """An integrator with its rights, by which token it came, if any, and until when it may."""

    integrator: Integrator
    token_id: int | None
    until: datetime | None


def remember(header: str, integrator: Integrator, *, token_id=None, until=None) -> None:
    """Keep who sent this Authorization header; `until` is when it ends to prove anything."""
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[_key(header)] = Caller(integrator, token_id, until)


def recall(header: str) -> Caller | None:
    """Return who sent this Authorization header before, if it may still call."""
    caller = _known.get(_key(header))
    if caller is None or not caller.integrator.is_active:
        return None
    return caller if caller.until is None or timezone.now() < caller.until else None


def forget(header: str) -> None:
    _known.pop(_key(header), None)


def _key(header: str) -> bytes:
    return hashlib.sha256(header.encode()).digest()
