"""Exports that carry their proof: rows, the way from each to its seal, the seals, the signature.

`check_export.py` says how such a file is read and checked.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from badges.audit import heads
from badges.audit.chain import header_of, leaves_of, range_of, salts_of
from badges.audit.check_export import leaf_hash, levels_of
from badges.audit.leaves import KINDS, Key, Kind, bytes_of_row, key_of, type_name, value_of
from badges.audit.verification import stands
from badges.models import Seal

AT_ONCE = 1000


class SealedRows(NamedTuple):
    """A seal, opened: where each row is, the hashes above the rows, and their random bytes."""

    seal: Seal
    places: dict
    levels: list
    salts: list[bytes]


def pieces(kind: Kind, batches: Iterable[Sequence[int | str]]) -> Iterator[str]:
    """Yield an export of rows of one kind, given by their keys: whole lines, many at once.

    Best in the order in which they were written, or the other way round: the seals are opened one
    after the other.
    """
    yield _line(_columns([kind]))
    seals = Seals()
    for pks in batches:
        found = kind.model.objects.filter(pk__in=pks).order_by().values_list("pk", *kind.columns)
        rows = {pk: row for pk, *row in found}
        yield "".join(_line(seals.proven(kind, rows[pk])) for pk in pks)
    yield from map(_line, seals.chain())


def whole_seals(first: int, last: int) -> Iterator[str]:
    """Yield the lines of an archive: all rows of the seals from one number to another, in order."""
    yield _line(_columns(KINDS))
    seals = Seals()
    for number in range(first, last + 1):
        sealed = seals.opened(number)
        for kind in KINDS:
            rows = kind.caused_by(*range_of(sealed.seal)).values_list(*kind.columns)
            for row in rows.iterator(chunk_size=AT_ONCE):
                yield _line(seals.proven(kind, row, whole=True))
    yield from map(_line, seals.chain())


def _columns(kinds: Iterable[Kind]) -> dict:
    return {
        "kinds": {
            kind.name: [[name, type_name(kind, name)] for name in kind.columns] for kind in kinds
        }
    }


class Seals:
    """The seals that an export needs, up to the newest one there is when it begins."""

    def __init__(self):
        self.newest = Seal.objects.newest()
        self.first: int | None = None  # the oldest one that holds a row of the export
        self.number_for = lru_cache(maxsize=1000)(self._number_for)
        self.opened = lru_cache(maxsize=4)(_open)

    def proven(self, kind: Kind, row: tuple, *, whole: bool = False) -> dict:
        """Return a row with its proof; None stands for that of a row that is not sealed yet.

        In a whole seal, whose rows all follow in order, no row needs a path of its own.
        """
        named = dict(zip(kind.columns, row, strict=True))
        written = {name: value_of(kind, name, value) for name, value in named.items()}
        number = self.number_for(named[kind.request])
        proof = number and self._proof(number, kind, named, whole)
        return {"kind": kind.name, "row": written, "proof": proof}

    def _proof(self, number: int, kind: Kind, row: dict, whole: bool) -> dict | None:
        sealed = self.opened(number)
        key = KINDS.index(kind), key_of(row["id"])
        if key not in sealed.places:
            return None
        self.first = min(number, self.first or number)
        proof = {"seal": number} | _revealed(sealed, key, bytes_of_row(kind, row.values()))
        if whole:
            return proof
        path = path_in(sealed.levels, sealed.places[key])
        return proof | {"path": [[side, neighbour.hex()] for side, neighbour in path]}

    def _number_for(self, request: int) -> int | None:
        if self.newest is None or request > self.newest.last_request:
            return None
        return Seal.objects.only("number").holding(request).number

    def chain(self) -> Iterable[dict]:
        """Yield the seals from the first that was needed to the newest, and its signature."""
        if self.first is None:
            return
        needed = Seal.objects.filter(number__gte=self.first, number__lte=self.newest.number)
        for seal in needed.defer("leaves").order_by("number").iterator(chunk_size=AT_ONCE):
            yield {"seal": header_of(seal)}
        yield {"head": heads.signed(self.newest)}


def _open(number: int) -> SealedRows:
    seal = Seal.objects.select_related("salts").get(number=number)
    leaves = leaves_of(seal)
    places = {key: place for place, (key, _leaf) in enumerate(leaves)}
    return SealedRows(
        seal, places, levels_of([leaf for _key, leaf in leaves]), salts_of(bytes(seal.salts.salts))
    )


def _revealed(sealed: SealedRows, key: Key, row: bytes) -> dict:
    """Return the random bytes of a row or, where a customer was erased, the hash it had before."""
    place = sealed.places[key]
    leaf, salt = sealed.levels[0][place], sealed.salts[place]
    now = leaf_hash(salt, row)
    is_erased = now != leaf and stands(key, leaf, now)
    return {"leaf": leaf.hex()} if is_erased else {"salt": salt.hex()}


def path_in(levels: list, place: int) -> list[tuple[str, bytes]]:
    """Return what leads from one leaf up to the root: the side and hash of each neighbour."""
    path = []
    for level in levels[:-1]:
        neighbour = place ^ 1
        if neighbour < len(level):
            path.append(("left" if neighbour < place else "right", level[neighbour]))
        place //= 2
    return path


def _line(content: dict) -> str:
    return json.dumps(content, ensure_ascii=False) + "\n"
