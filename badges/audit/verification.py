"""Check that the record matches its seals, and report every row that does not."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.audit import heads
from badges.audit.batches import batches_of
from badges.audit.chain import (
    BEFORE_THE_FIRST,
    RECORD,
    SALT_SIZE,
    hash_of,
    leaves_of,
    range_of,
    salts_of,
)
from badges.audit.check_export import SPLIT, WHOLE, JsonObject, leaf_by, replaceable_hash, root_of
from badges.audit.erasures import Changed, Erasures, is_signed, statement
from badges.audit.heads import Head
from badges.audit.leaves import SEALED_TABLES, Key, bytes_of, pk_of, rows_of
from badges.models import Erasure, RequestLog, Seal

SEAL = "seal"
HEAD = "head"
ERASURE = "erasure"
NOT_COMPARED = gettext_lazy(
    "The chain was not compared with published seals: a truncated tail would not be detected."
)


class Fault(models.TextChoices):
    """A fault of a row, a seal, an erasure or a published head."""

    CHANGED = "CHANGED", gettext_lazy("was changed")
    MISSING = "MISSING", gettext_lazy("is missing")
    ADDED = "ADDED", gettext_lazy("was added later")
    UNSIGNED = "UNSIGNED", gettext_lazy("has no valid signature")


@dataclass(frozen=True, slots=True)
class Problem:
    """One row, seal, erasure or published head with its fault."""

    kind: str
    key: int | str
    fault: Fault
    seal: int | None

    def __str__(self) -> str:
        text = f"{self.kind} {self.key} {self.fault.label}"
        if self.kind in (SEAL, HEAD) or self.seal is None:
            return text
        return _("%(what)s (seal %(seal)d)") % {"what": text, "seal": self.seal}


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for one seal: problems, number of rows, and rows that each erasure replaced."""

    number: int
    rows: int
    problems: list[Problem]
    replaced: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Compared:
    """The result of the comparison of some published heads with the chain."""

    heads: int
    problems: list[Problem]


def verify(
    first: int = 1, last: int | None = None, key_file: Path | None = None
) -> Iterator[Checked]:
    """Check the seals from `first` to `last`, by default to the newest, with all their rows.

    If `first` is not the first seal, the seal before it is assumed to be valid.
    """
    erasures = Erasures(key_file)
    previous = Seal.objects.defer("leaves").filter(number=first - 1).first()
    previous_hash: str | None = previous.hash if previous else BEFORE_THE_FIRST
    seals = Seal.objects.select_related("salts").order_by("number")
    if last is not None:
        seals = seals.filter(number__lte=last)
    number = first
    while seal := seals.filter(number__gte=number).first():
        problems = [_seal_problem(missing, Fault.MISSING) for missing in range(number, seal.number)]
        result = check(seal, erasures)
        is_sound = _seal_problem(seal.number, Fault.CHANGED) not in result.problems
        if is_sound and not problems and previous_hash not in (None, seal.previous):
            problems.append(_seal_problem(seal.number - 1, Fault.CHANGED))
        previous_hash = seal.hash if is_sound else None
        yield replace(result, problems=problems + result.problems)
        number = seal.number + 1
    if last is not None and number <= last:
        missing_seals = [
            _seal_problem(missing, Fault.MISSING) for missing in range(number, last + 1)
        ]
        yield Checked(last, 0, missing_seals)


def check(seal: Seal, erasures: Erasures) -> Checked:
    """Check one seal and its rows, and report each row with a fault."""
    salts = bytes(seal.salts.salts) if hasattr(seal, "salts") else b""
    if not _is_sound(seal) or len(salts) != seal.rows * SALT_SIZE:
        return Checked(seal.number, seal.rows, [_seal_problem(seal.number, Fault.CHANGED)])
    problems = [
        Problem(ERASURE, request, Fault.UNSIGNED, seal.number)
        for request in erasures.unsound_of(*range_of(seal))
    ]
    digest = sha256(salts)
    for chunk in bytes_of(*range_of(seal), seal.version):
        digest.update(chunk)
    if digest.hexdigest() == seal.digest:
        return Checked(seal.number, seal.rows, problems)
    row_problems, replaced = _differences(seal, salts_of(salts), erasures)
    return Checked(seal.number, seal.rows, problems + row_problems, replaced)


def compare_heads(
    files: Iterable[Path], key_file: Path | None = None, *, after: int = 0
) -> Iterator[Compared]:
    """Compare the published heads with the chain, and yield the result of each batch of lines.

    The first `after` lines are skipped, because they were compared before. A published seal that no
    longer exists is missing, and a line without a valid signature proves nothing. Raises OSError or
    ValueError if a file or the key cannot be read.
    """
    lines = chain.from_iterable(map(heads.read_lines, files))
    numbered = enumerate(islice(lines, after, None), after + 1)
    key = None
    for batch in batches_of(numbered):
        key = key or heads.public_key(key_file)
        yield Compared(len(batch), list(_head_problems(batch, key)))


def unsealed() -> int:
    """Return the number of requests that are not sealed yet."""
    return RequestLog.objects.waiting_after(Seal.objects.newest()).count()


def _head_problems(batch: list[tuple[int, bytes]], key: Ed25519PublicKey) -> Iterator[Problem]:
    lines = [(number, heads.parse_line(line)) for number, line in batch]
    seals = {line.seal for _number, line in lines if isinstance(line, Head)}
    hashes = dict(Seal.objects.filter(number__in=seals).values_list("number", "hash"))
    requests = {line["request"] for _number, line in lines if isinstance(line, dict)}
    signed = Erasure.objects.select_related("request").in_bulk(requests)
    for number, line in lines:
        if line is None:
            yield Problem(HEAD, _("in line %(number)d") % {"number": number}, Fault.UNSIGNED, None)
        elif isinstance(line, Head):
            yield from _head_problem(line, hashes.get(line.seal), key)
        else:
            yield from _erasure_problem(line, signed.get(line["request"]), key)


def _head_problem(head: Head, stored: str | None, key: Ed25519PublicKey) -> Iterator[Problem]:
    if not head.is_signed_by(key):
        yield Problem(HEAD, head.seal, Fault.UNSIGNED, head.seal)
    elif stored != head.hash:
        yield _seal_problem(head.seal, Fault.MISSING if stored is None else Fault.CHANGED)


def _erasure_problem(
    published: JsonObject, stored: Erasure | None, key: Ed25519PublicKey
) -> Iterator[Problem]:
    request = published["request"]
    if not is_signed(published, key):
        yield Problem(ERASURE, request, Fault.UNSIGNED, None)
    elif stored is None:
        yield Problem(ERASURE, request, Fault.MISSING, None)
    elif statement(stored) != published:
        yield Problem(ERASURE, request, Fault.CHANGED, None)


def _is_sound(seal: Seal) -> bool:
    """Return whether the hash of a seal matches its header, and its root its leaves."""
    if hash_of(seal) != seal.hash or len(seal.leaves) != seal.rows * RECORD.size:
        return False
    if seal.version not in (WHOLE, SPLIT):
        return False
    return root_of([leaf for _key, leaf in leaves_of(seal)]).hex() == seal.root


def _differences(
    seal: Seal, salts: list[bytes], erasures: Erasures
) -> tuple[list[Problem], Counter[int]]:
    """Return the differences between the present rows and the sealed ones.

    The counter has the number of rows that each erasure replaced; these are no problems.
    """
    sealed = {key: (leaf, salt) for (key, leaf), salt in zip(leaves_of(seal), salts, strict=True)}
    problems, changed = [], []
    for key, row in rows_of(*range_of(seal), seal.version):
        if key not in sealed:
            problems.append(_problem(key, Fault.ADDED, seal))
            continue
        leaf, salt = sealed.pop(key)
        replaceable = replaceable_hash(seal.version, salt, row)
        if leaf_by(seal.version, row, replaceable) != leaf:
            changed.append(Changed(key, leaf, row, replaceable))
    explained = erasures.explained(seal.version, changed)
    problems += [
        _problem(row.key, Fault.CHANGED, seal) for row in changed if row.key not in explained
    ]
    problems += [_problem(key, Fault.MISSING, seal) for key in sealed]
    return problems, Counter(explained.values())


def _seal_problem(number: int, fault: Fault) -> Problem:
    return Problem(SEAL, number, fault, number)


def _problem(key: Key, fault: Fault, seal: Seal) -> Problem:
    return Problem(SEALED_TABLES[key[0]].name, pk_of(key), fault, seal.number)
