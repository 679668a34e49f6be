"""A cache of authenticated callers, which saves the database queries of their next calls.

No entry is trusted for a period of time. A write that relies on an entry checks that the
integrator, its rights and its token are still valid (`services.earning.inserts`); if not, the entry
is removed.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from cachetools import LRUCache
from django.utils import timezone

from badges.models import Integrator

MAX_CACHED = 5_000

# Keyed by the SHA-256 of the Authorization header, so that no secret is stored.
_cache: LRUCache[bytes, "CachedCaller"] = LRUCache(MAX_CACHED)
_lock = Lock()  # even a read of an LRUCache changes it


@dataclass(frozen=True, slots=True)
class CachedCaller:
    """An integrator with its rights, its token, if any, and the expiry of its credentials."""

    integrator: Integrator
    token_id: int | None
    until: datetime | None


def remember(header: str, integrator: Integrator, *, token_id=None, until=None) -> None:
    """Cache the integrator of an Authorization header; `until` is the expiry of the credentials."""
    key, caller = _key(header), CachedCaller(integrator, token_id, until)
    with _lock:
        _cache[key] = caller


def recall(header: str) -> CachedCaller | None:
    """Return the cached caller of an Authorization header, if it is active and not expired."""
    key = _key(header)
    with _lock:
        caller = _cache.get(key)
    if caller is None or not caller.integrator.is_active:
        return None
    return caller if caller.until is None or timezone.now() < caller.until else None


def forget(header: str) -> None:
    key = _key(header)
    with _lock:
        _cache.pop(key, None)


def _key(header: str) -> bytes:
    return hashlib.sha256(header.encode()).digest()
