"""Exports with proofs: rows, the path of each row to its seal, the seals, the signature.

`check_export.py` describes and checks such a file.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from badges.audit import heads
from badges.audit.chain import header_of, leaves_of, range_of, salts_of
from badges.audit.check_export import WHOLE, JsonObject, leaf_by, levels_of, replaceable_hash
from badges.audit.erasures import Erasures, statement, tree
from badges.audit.leaves import (
    SEALED_TABLES,
    Key,
    Row,
    SealedTable,
    bytes_of_row,
    key_of,
    pk_of,
    type_name,
    value_of,
)
from badges.models import Erasure, Seal

BATCH_SIZE = 1000


class SealedRows(NamedTuple):
    """A loaded seal: the index of each row, the levels of the Merkle tree, and the salts."""

    seal: Seal
    indexes: dict[Key, int]
    levels: list[Sequence[bytes]]
    salts: list[bytes]


def chunks(table: SealedTable, batches: Iterable[Sequence[int | str]]) -> Iterator[str]:
    """Yield an export of rows of one kind, given by their keys, in chunks of whole lines.

    It is fastest in the order in which the rows were written, or the reverse: then each seal is
    loaded only once.
    """
    yield _line(_columns([table]))
    seals = Seals()
    for pks in batches:
        rows_found = (
            table.model._default_manager.filter(pk__in=pks)
            .order_by()
            .values_list("pk", *table.columns)
        )
        rows = {pk: row for pk, *row in rows_found}
        yield "".join(_line(seals.with_proof(table, rows[pk])) for pk in pks)
    yield from map(_line, seals.ending())


def whole_seals(first: int, last: int) -> Iterator[str]:
    """Yield the lines of an archive: all rows of the seals from `first` to `last`, in order."""
    yield _line(_columns(SEALED_TABLES))
    seals = Seals()
    for number in range(first, last + 1):
        sealed = seals.opened(number)
        for table in SEALED_TABLES:
            rows = table.caused_by(*range_of(sealed.seal)).values_list(*table.columns)
            for row in rows.iterator(chunk_size=BATCH_SIZE):
                yield _line(seals.with_proof(table, row, whole=True))
    yield from map(_line, seals.ending())


def _columns(tables: Sequence[SealedTable]) -> JsonObject:
    return {
        "kinds": {
            table.name: [[name, type_name(table, name)] for name in table.columns]
            for table in tables
        },
        "erasable": {table.name: list(table.erasable) for table in tables},
    }


class Seals:
    """The seals that an export needs, up to the newest one when it begins."""

    def __init__(self) -> None:
        self.newest = Seal.objects.newest()
        self.first: int | None = None  # the oldest seal with a row of the export
        self.rows = 0
        self.erasures = Erasures()
        self.erasures_met: set[int] = set()  # the erasures that replaced a row of the export
        self.tree_of = lru_cache(maxsize=4)(tree)
        self.number_for = lru_cache(maxsize=1000)(self._number_for)
        self.opened = lru_cache(maxsize=4)(_open)

    def with_proof(
        self, table: SealedTable, row: Sequence[Any], *, whole: bool = False
    ) -> JsonObject:
        """Return a row with its proof, which is None if the row is not sealed yet.

        The rows of a whole seal follow each other in order, so they need no paths.
        """
        self.rows += 1
        values = dict(zip(table.columns, row, strict=True))
        output = {name: value_of(table, name, value) for name, value in values.items()}
        number = self.number_for(values[table.request])
        proof = number and self._proof(number, table, values, whole)
        return {"kind": table.name, "row": output, "proof": proof}

    def _proof(
        self, number: int, table: SealedTable, row: JsonObject, whole: bool
    ) -> JsonObject | None:
        sealed = self.opened(number)
        key = SEALED_TABLES.index(table), key_of(row["id"])
        if key not in sealed.indexes:
            return None
        self.first = min(number, self.first or number)
        version = sealed.seal.version
        proof: JsonObject = {"seal": number} | ({} if version == WHOLE else {"version": version})
        proof |= self._revealed(sealed, table, key, bytes_of_row(table, row, version))
        return proof if whole else proof | _path(sealed.levels, sealed.indexes[key])

    def _revealed(self, sealed: SealedRows, table: SealedTable, key: Key, row: Row) -> JsonObject:
        """Return the salt of a row and, if an erasure replaced a part of it, the proof of that."""
        index, version = sealed.indexes[key], sealed.seal.version
        salt = sealed.salts[index]
        replaceable = replaceable_hash(version, salt, row)
        if leaf_by(version, row, replaceable) == sealed.levels[0][index]:
            return {"salt": salt.hex()}
        pk = pk_of(key)
        erased_row = self.erasures.last(table, [pk]).get(str(pk))
        if erased_row is None:
            return {"salt": salt.hex()}
        self.erasures_met |= {erased_row.request_id}
        levels, indexes = self.tree_of(erased_row.request_id)
        proof = {"request": erased_row.request_id, "was": erased_row.leaf, "salt": salt.hex()}
        return {"erased": proof | _path(levels, indexes[table.name, erased_row.key])}

    def _number_for(self, request: int) -> int | None:
        if self.newest is None or request > self.newest.last_request:
            return None
        seal = Seal.objects.only("number").covering(request)
        return None if seal is None else seal.number

    def ending(self) -> Iterable[JsonObject]:
        """Yield the lines after the rows: erasures and seals, from the first needed to the newest.

        The last line has the signature of the newest seal, if any was needed, and the number of
        rows. A file without this line was truncated.
        """
        end: JsonObject = {"end": {"rows": self.rows}}
        if self.first is not None and self.newest is not None:
            yield from self._chain(self.first, self.newest.number)
            end |= {"head": heads.signed(self.newest)}
        yield end

    def _chain(self, first: int, newest: int) -> Iterable[JsonObject]:
        """Yield the erasures of exported rows, and the seals from the first that was needed."""
        erasures_met = (
            Erasure.objects.filter(pk__in=self.erasures_met)
            .select_related("request")
            .order_by("pk")
        )
        for erasure in erasures_met:
            yield {"erasure": statement(erasure) | {"reason": erasure.request.reason}}
        needed = Seal.objects.filter(number__gte=first, number__lte=newest)
        for seal in needed.defer("leaves").order_by("number").iterator(chunk_size=BATCH_SIZE):
            yield {"seal": header_of(seal)}


def _open(number: int) -> SealedRows:
    seal = Seal.objects.select_related("salts").get(number=number)
    leaves = leaves_of(seal)
    indexes = {key: index for index, (key, _leaf) in enumerate(leaves)}
    return SealedRows(
        seal, indexes, levels_of([leaf for _key, leaf in leaves]), salts_of(bytes(seal.salts.salts))
    )


def _path(levels: Sequence[Sequence[bytes]], index: int) -> JsonObject:
    return {"path": [[side, neighbour.hex()] for side, neighbour in path_in(levels, index)]}


def path_in(levels: Sequence[Sequence[bytes]], index: int) -> list[tuple[str, bytes]]:
    """Return the path from one leaf to the root: the side and hash of each neighbour."""
    path = []
    for level in levels[:-1]:
        neighbour = index ^ 1
        if neighbour < len(level):
            path.append(("left" if neighbour < index else "right", level[neighbour]))
        index //= 2
    return path


def _line(content: JsonObject) -> str:
    return json.dumps(content, ensure_ascii=False) + "\n"
