"""Seal the request log and the ledgers: in batches, after the fact, without holding up a writer."""

import os
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.utils import timezone

from badges.audit import heads
from badges.audit.chain import BEFORE_THE_FIRST, SALT_SIZE, hash_of, pack_leaves, range_of, salts_of
from badges.audit.check_export import leaf_hash, root_of
from badges.audit.leaves import KINDS, rows_of
from badges.models import RequestLog, Seal, SealSalts
from badges.services.settled import settled_until

REQUESTS_AT_ONCE = 5_000
ROWS_AT_ONCE = 50_000
PATIENCE = 1.0


def seal_next(*, patience: float = 0) -> Seal | None:
    """Seal the next requests with everything they wrote; None if nothing can be sealed now.

    A seal ends before the first request that one still under way may precede, for which this waits
    up to `patience` seconds. Whoever seals the same requests at the same time gets None.
    """
    before = Seal.objects.newest()
    until = _next_end(before, patience)
    if until is None:
        return None
    seal, salts = _sealed(before, until)
    try:
        with transaction.atomic():
            seal.save(force_insert=True)
            SealSalts(seal=seal, salts=salts).save(force_insert=True)
    except IntegrityError:  # another one was quicker: numbers and predecessors are unique
        return None
    return seal


def seal_entirely() -> list[Seal]:
    """Seal all that can be sealed now and publish the last hash; return the seals, oldest first.

    What is written meanwhile is left to the next time: seals of a few rows cost as much as large
    ones.
    """
    newest = RequestLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    seals = []
    while (seals[-1].last_request if seals else 0) < newest:
        seal = seal_next(patience=PATIENCE)
        if seal is None:
            break
        seals.append(seal)
    if seals:
        heads.publish(seals[-1])
    return seals


def _next_end(before: Seal | None, patience: float) -> int | None:
    """Return the request that the next seal ends with: all up to it are there, and not too many."""
    last = before.last_request if before else 0
    waiting = RequestLog.objects.waiting_after(before).values_list("pk", flat=True)
    pks = list(waiting[:REQUESTS_AT_ONCE])
    until = settled_until(last, pks, patience=patience)
    pks = [pk for pk in pks if pk <= until]
    while len(pks) > 1 and _count(last, pks[-1]) > ROWS_AT_ONCE:
        pks = pks[: len(pks) // 2]
    return pks[-1] if pks else None


def _count(after: int, until: int) -> int:
    return sum(kind.caused_by(after, until).count() for kind in KINDS)


def _sealed(before: Seal | None, until: int) -> tuple[Seal, bytes]:
    """Return the next seal, not saved, and its salts."""
    seal = Seal(
        number=before.number + 1 if before else 1,
        previous=before.hash if before else BEFORE_THE_FIRST,
        after_request=before.last_request if before else 0,
        last_request=until,
        sealed_at=timezone.now(),
    )
    rows = list(rows_of(*range_of(seal)))
    salts = os.urandom(SALT_SIZE * len(rows))
    digest = sha256(salts)
    hashes = []
    for (_key, row), salt in zip(rows, salts_of(salts), strict=True):
        digest.update(row)
        hashes.append(leaf_hash(salt, row))
    seal.rows = len(rows)
    seal.leaves = pack_leaves(zip((key for key, _row in rows), hashes, strict=True))
    seal.root = root_of(hashes).hex()
    seal.digest = digest.hexdigest()
    seal.hash = hash_of(seal)
    return seal, salts
