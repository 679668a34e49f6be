"""Seal the request log and the ledgers in batches, after their commit, without blocking writers."""

import os
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.utils import timezone

from badges.audit import erasures, heads
from badges.audit.chain import BEFORE_THE_FIRST, SALT_SIZE, hash_of, pack_leaves, range_of, salts_of
from badges.audit.check_export import SPLIT, JsonObject, erasable_hash, root_of, split_leaf_hash
from badges.audit.leaves import SEALED_TABLES, rows_of
from badges.models import Erasure, RequestLog, Seal, SealSalts
from badges.services.record.watermark import committed_up_to

MAX_REQUESTS = 5_000
MAX_ROWS = 50_000
WATERMARK_TIMEOUT = 1.0


def seal_next(*, timeout: float = 0) -> Seal | None:
    """Seal the next requests with all rows that they wrote, or return None if none can be sealed.

    A seal ends before the first request that a running transaction may still precede; this waits up
    to `timeout` seconds for such transactions. None is also returned if another process seals the
    same requests at the same time.
    """
    before = Seal.objects.newest()
    until = _next_end(before, timeout)
    if until is None:
        return None
    seal, salts = _build_seal(before, until)
    try:
        with transaction.atomic():
            seal.save(force_insert=True)
            SealSalts(seal=seal, salts=salts).save(force_insert=True)
    except IntegrityError:  # another process was faster: numbers and predecessors are unique
        return None
    return seal


def seal_all() -> list[Seal]:
    """Seal all that can be sealed now and publish the last hash; return the seals, oldest first.

    Requests that arrive meanwhile are left to the next run: seals of a few rows cost as much as
    large ones.
    """
    newest = RequestLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    seals: list[Seal] = []
    while (seals[-1].last_request if seals else 0) < newest:
        seal = seal_next(timeout=WATERMARK_TIMEOUT)
        if seal is None:
            break
        seals.append(seal)
    if seals:
        heads.publish(seals[-1], _erasures_until(seals[-1]))
    return seals


def _erasures_until(seal: Seal) -> list[JsonObject]:
    """Return the unpublished erasures that this seal or an earlier one covers."""
    last = heads.last_published()
    published = last and Seal.objects.filter(number=last.seal).values_list("last_request").first()
    signed = Erasure.objects.filter(request_id__lte=seal.last_request)
    if published:
        signed = signed.filter(request_id__gt=published[0])
    return [
        erasures.statement(erasure) for erasure in signed.select_related("request").order_by("pk")
    ]


def _next_end(before: Seal | None, timeout: float) -> int | None:
    """Return the last request of the next seal, or None.

    All requests up to it are committed, and the seal has a limited number of requests and rows.
    """
    last = before.last_request if before else 0
    waiting = RequestLog.objects.waiting_after(before).values_list("pk", flat=True)
    pks = list(waiting[:MAX_REQUESTS])
    until = committed_up_to(last, pks, timeout=timeout)
    pks = [pk for pk in pks if pk <= until]
    while len(pks) > 1 and _count_rows(last, pks[-1]) > MAX_ROWS:
        pks = pks[: len(pks) // 2]
    return pks[-1] if pks else None


def _count_rows(after: int, until: int) -> int:
    return sum(table.caused_by(after, until).count() for table in SEALED_TABLES)


def _build_seal(before: Seal | None, until: int) -> tuple[Seal, bytes]:
    """Return the next seal, unsaved, and its salts."""
    seal = Seal(
        number=before.number + 1 if before else 1,
        previous=before.hash if before else BEFORE_THE_FIRST,
        after_request=before.last_request if before else 0,
        last_request=until,
        sealed_at=timezone.now(),
        version=SPLIT,
    )
    rows = list(rows_of(*range_of(seal), seal.version))
    salts = os.urandom(SALT_SIZE * len(rows))
    digest = sha256(salts)
    hashes = []
    for (_key, (permanent, erasable)), salt in zip(rows, salts_of(salts), strict=True):
        digest.update(permanent + erasable)
        hashes.append(split_leaf_hash(permanent, erasable_hash(salt, erasable)))
    seal.rows = len(rows)
    seal.leaves = pack_leaves(zip((key for key, _row in rows), hashes, strict=True))
    seal.root = root_of(hashes).hex()
    seal.digest = digest.hexdigest()
    seal.hash = hash_of(seal)
    return seal, salts
