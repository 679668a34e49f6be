"""Signatures of erasures, and the check whether an erasure explains a changed row.

An erasure replaces values of sealed rows on purpose. It explains only the rows that it signed, in
the state in which it left them, and only if they look like the rows of an erased customer.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from badges.audit import heads
from badges.audit.batches import batches_of
from badges.audit.check_export import (
    JsonObject,
    erasure_message,
    leaf_by,
    levels_of,
    looks_erased,
    replacement_hash,
    root_of,
)
from badges.audit.leaves import SEALED_TABLES, Key, Row, SealedTable, pk_of
from badges.models import ErasedRow, Erasure, RequestLog


class Changed(NamedTuple):
    """A row that differs from its leaf, and the present hash of its erasable part."""

    key: Key
    leaf: bytes
    row: Row
    present_hash: bytes


def sign(request: RequestLog, pseudonym: int) -> Erasure:
    """Return the unsaved `Erasure` that signs all rows which this request replaced."""
    leaves = list(_leaves(request.pk))
    erasure = Erasure(
        request=request, pseudonym=pseudonym, rows=len(leaves), root=root_of(leaves).hex()
    )
    erasure.signature = heads.signing_key().sign(erasure_message(statement(erasure))).hex()
    return erasure


def statement(erasure: Erasure) -> JsonObject:
    """Return the statement of an erasure, as exports and the file of heads contain it."""
    return {
        "request": erasure.request_id,
        "at": erasure.request.received_at.astimezone(UTC).isoformat(),
        "pseudonym": erasure.pseudonym,
        "rows": erasure.rows,
        "root": erasure.root,
        "signature": erasure.signature,
    }


def is_signed(erasure: JsonObject, key: Ed25519PublicKey) -> bool:
    """Return whether the holder of the key signed this statement of an erasure."""
    try:
        key.verify(bytes.fromhex(erasure["signature"]), erasure_message(erasure))
    except (InvalidSignature, ValueError):
        return False
    return True


def describe(replaced: dict[str, int]) -> list[JsonObject]:
    """Return the request, time, reason and number of rows of each erasure, oldest first."""
    requests = RequestLog.objects.in_bulk(map(int, replaced))
    return [
        {
            "request": number,
            "receivedAt": requests[number].received_at,
            "reason": requests[number].reason,
            "rows": replaced[str(number)],
        }
        for number in sorted(requests)
    ]


class Erasures:
    """The erasures that concern one verification, each checked once.

    The public key is read at the first check. Raises OSError or ValueError if it cannot be read.
    """

    def __init__(self, key_file: Path | None = None):
        self._key_file = key_file
        self._sound: dict[int, bool] = {}

    def is_sound(self, request: int) -> bool:
        """Return whether an erasure has a valid signature over exactly the rows that claim it."""
        if request not in self._sound:
            self._sound[request] = self._check(request)
        return self._sound[request]

    def unsound_of(self, after: int | None, until: int) -> list[int]:
        """Return the requests with after < id <= until whose erasures are not sound."""
        erased = ErasedRow.objects.filter(request_id__lte=until)
        signed = Erasure.objects.filter(request_id__lte=until)
        if after is not None:
            erased = erased.filter(request_id__gt=after)
            signed = signed.filter(request_id__gt=after)
        requests = set(erased.order_by().values_list("request_id", flat=True).distinct())
        requests |= set(signed.values_list("request_id", flat=True))
        return sorted(request for request in requests if not self.is_sound(request))

    def explained(self, version: int, changed: Sequence[Changed]) -> dict[Key, int]:
        """Return the rows that are in the state in which an erasure left them, and its request."""
        explained: dict[Key, int] = {}
        for index, table in enumerate(SEALED_TABLES):
            for batch in batches_of(row for row in changed if row.key[0] == index):
                explained |= self._left_of_table(table, version, batch)
        return explained

    def last(self, table: SealedTable, pks: Iterable[int | str]) -> dict[str, ErasedRow]:
        """Return the `ErasedRow` of the last sound erasure of each of these rows, by key."""
        erased_rows = ErasedRow.objects.filter(kind=table.name, key__in=map(str, pks)).order_by(
            "pk"
        )
        return {row.key: row for row in erased_rows if self.is_sound(row.request_id)}

    def _check(self, request: int) -> bool:
        erasure = Erasure.objects.select_related("request").filter(pk=request).first()
        leaves = list(_leaves(request))
        if erasure is None or not leaves:
            return False
        if (len(leaves), root_of(leaves).hex()) != (erasure.rows, erasure.root):
            return False
        return is_signed(statement(erasure), heads.public_key(self._key_file))

    def _left_of_table(
        self, table: SealedTable, version: int, changed: Sequence[Changed]
    ) -> dict[Key, int]:
        erased_rows = self.last(table, [pk_of(row.key) for row in changed])
        pks = [pk_of(row.key) for row in changed]
        values = {
            str(row["id"]): row
            for row in table.model._default_manager.filter(pk__in=pks)
            .order_by()
            .values(*table.columns)
        }
        explained: dict[Key, int] = {}
        for row in changed:
            erased_row = erased_rows.get(str(pk_of(row.key)))
            if erased_row is None or not _is_replaced(version, row, erased_row):
                continue
            pseudonym = Erasure.objects.get(pk=erased_row.request_id).pseudonym
            if looks_erased(table.name, values[erased_row.key], pseudonym):
                explained[row.key] = erased_row.request_id
        return explained


class Tree(NamedTuple):
    """The Merkle tree of an erasure, and the indexes of its rows by kind and key."""

    levels: list[Sequence[bytes]]
    indexes: dict[tuple[str, str], int]


def tree(request: int) -> Tree:
    """Return the tree of the rows that the erasure of a request replaced."""
    rows = ErasedRow.objects.filter(request=request).order_by("pk").values_list("kind", "key")
    indexes = {row: index for index, row in enumerate(rows)}
    return Tree(levels_of(list(_leaves(request))), indexes)


def _is_replaced(version: int, row: Changed, erased_row: ErasedRow) -> bool:
    """Return whether the leaf has the hash that an erasure replaced, and the row the new one."""
    return (
        leaf_by(version, row.row, bytes.fromhex(erased_row.leaf)) == row.leaf
        and erased_row.replaced_by == row.present_hash.hex()
    )


def _leaves(request: int) -> Iterator[bytes]:
    """Yield the leaves of the tree of an erasure, in the order in which they were written."""
    rows = ErasedRow.objects.filter(request=request).order_by("pk")
    for values in rows.values_list("kind", "key", "leaf", "replaced_by").iterator():
        yield replacement_hash(request, *values)
