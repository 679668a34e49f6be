"""Check that the record is what was sealed, and name every row that is not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.audit.chain import (
    BEFORE_THE_FIRST,
    RECORD,
    SALT_SIZE,
    hash_of,
    leaves_of,
    range_of,
    salts_of,
)
from badges.audit.check_export import leaf_hash, root_of
from badges.audit.heads import Head
from badges.audit.leaves import KINDS, Key, bytes_of, pk_of, rows_of
from badges.models import ErasedRow, RequestLog, Seal

SEAL = "seal"
HEAD = "head"


class Fault(models.TextChoices):
    """What is wrong with a row, a seal or a published head."""

    CHANGED = "CHANGED", gettext_lazy("was changed")
    MISSING = "MISSING", gettext_lazy("is missing")
    ADDED = "ADDED", gettext_lazy("was put in afterwards")
    UNSIGNED = "UNSIGNED", gettext_lazy("has no valid signature")


@dataclass(frozen=True, slots=True)
class Problem:
    """One row that is not what it was when it was sealed, or one seal that is not."""

    kind: str
    key: int | str
    fault: Fault
    seal: int

    def __str__(self):
        what = f"{self.kind} {self.key} {self.fault.label}"
        if self.kind in (SEAL, HEAD):
            return what
        return _("%(what)s (seal %(seal)d)") % {"what": what, "seal": self.seal}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of one seal found, and over how many rows."""

    number: int
    rows: int
    problems: list[Problem]


def verify(first: int = 1, last: int | None = None) -> Iterator[Checked]:
    """Check the seals from one number on, one after the other, with all rows of each.

    Up to the number `last`, or all that there are. Starting later than at the first one, the seal
    before it is taken for granted.
    """
    before = Seal.objects.defer("leaves").filter(number=first - 1).first()
    known_hash = before.hash if before else BEFORE_THE_FIRST
    seals = Seal.objects.select_related("salts").order_by("number")
    if last is not None:
        seals = seals.filter(number__lte=last)
    number = first
    while seal := seals.filter(number__gte=number).first():
        problems = [_of_seal(missing, Fault.MISSING) for missing in range(number, seal.number)]
        found = check(seal)
        is_sound = _of_seal(seal.number, Fault.CHANGED) not in found
        if is_sound and not problems and known_hash not in (None, seal.previous):
            problems.append(_of_seal(seal.number - 1, Fault.CHANGED))
        known_hash = seal.hash if is_sound else None
        yield Checked(seal.number, seal.rows, problems + found)
        number = seal.number + 1
    if last is not None and number <= last:
        gone = [_of_seal(missing, Fault.MISSING) for missing in range(number, last + 1)]
        yield Checked(last, 0, gone)


def check(seal: Seal) -> list[Problem]:
    """Check one seal in itself, and the rows it holds; the row at fault is named."""
    salts = bytes(seal.salts.salts) if hasattr(seal, "salts") else b""
    if not _is_sound(seal) or len(salts) != seal.rows * SALT_SIZE:
        return [_of_seal(seal.number, Fault.CHANGED)]
    digest = sha256(salts)
    for piece in bytes_of(*range_of(seal)):
        digest.update(piece)
    if digest.hexdigest() == seal.digest:
        return []
    return list(_differences(seal, salts_of(salts)))


def check_heads(heads: Iterable[Head], key) -> Iterator[Problem]:
    """Check published heads against the chain: a seal that is not there any more is missing."""
    for head in heads:
        if not head.is_signed_by(key):
            yield Problem(HEAD, head.seal, Fault.UNSIGNED, head.seal)
            continue
        known = Seal.objects.filter(number=head.seal).values_list("hash", flat=True).first()
        if known != head.hash:
            fault = Fault.MISSING if known is None else Fault.CHANGED
            yield _of_seal(head.seal, fault)


def unsealed() -> int:
    """Return how many requests no seal holds yet."""
    return RequestLog.objects.waiting_after(Seal.objects.newest()).count()


def stands(key: Key, leaf: bytes, now: bytes) -> bool:
    """Whether a row is what was sealed, or what the last erasure left of that."""
    if now == leaf:
        return True
    erased = ErasedRow.objects.filter(kind=KINDS[key[0]].name, key=str(pk_of(key))).last()
    return erased is not None and (erased.leaf, erased.replaced_by) == (leaf.hex(), now.hex())


def _is_sound(seal: Seal) -> bool:
    """Whether the hash of a seal is that of its header, and the root that of its leaves."""
    if hash_of(seal) != seal.hash or len(seal.leaves) != seal.rows * RECORD.size:
        return False
    return root_of([leaf for _key, leaf in leaves_of(seal)]).hex() == seal.root


def _differences(seal: Seal, salts: list[bytes]) -> Iterator[Problem]:
    """Yield what distinguishes the rows as they are from those that were sealed."""
    sealed = {key: (leaf, salt) for (key, leaf), salt in zip(leaves_of(seal), salts, strict=True)}
    for key, row in rows_of(*range_of(seal)):
        if key not in sealed:
            yield _problem(key, Fault.ADDED, seal)
            continue
        leaf, salt = sealed.pop(key)
        if not stands(key, leaf, leaf_hash(salt, row)):
            yield _problem(key, Fault.CHANGED, seal)
    for key in sealed:
        yield _problem(key, Fault.MISSING, seal)


def _of_seal(number: int, fault: Fault) -> Problem:
    return Problem(SEAL, number, fault, number)


def _problem(key: Key, fault: Fault, seal: Seal) -> Problem:
    return Problem(KINDS[key[0]].name, pk_of(key), fault, seal.number)
