#!/usr/bin/env python3
"""Check an export with proofs, on any machine: each row must match the published seals.

    python check_export.py export.jsonl --public-key signing-key.pub

The script requires Python 3.11 and the package `cryptography`, but nothing of BadgeAdmin. The
application itself packs and hashes rows with the functions of this file.

Each line of an export is a JSON object. The lines are, in this order:

- The columns of each kind of row, with their types.
- The rows. Each row has the salt of its hash and the hashes on the path to the Merkle root of its
  seal. An archive contains whole seals and needs no paths. A row that an erasure changed has the
  sealed hash, and the path from its replacement to the root that the erasure signed.
- The erasures of these rows.
- The seals, from the first that is needed to the newest.
- The newest seal as it was published, with its signature, and the number of rows. A file without
  this line was truncated.

A file whose name ends in .gz is decompressed.

The exit code is 0 if every check succeeds, 1 if a check fails, and 2 if the file is not such an
export.
"""

import argparse
import gzip
import json
import struct
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, TypeAlias

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

JsonObject: TypeAlias = dict[str, Any]
Value: TypeAlias = str | int | datetime | None

TEXT, NUMBER, DATETIME = 25, 20, 1184  # the OIDs of these types in PostgreSQL
TYPES = {"text": TEXT, "number": NUMBER, "moment": DATETIME}
MISSING = -1
POSTGRESQL_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LEAF = b"\x00"
NODE = b"\x01"
KEPT = b"\x02"
ERASABLE = b"\x03"
# The versions of a leaf. The first is one hash over a whole row. The second is a hash over the part
# that an erasure keeps and over the hash of the part that it may replace, so that the kept part
# remains provable.
WHOLE, SPLIT = 1, 2
PSEUDONYMS = 2**62  # pseudonyms start here, above the customer ids of any programme
HEADER = (
    "number",
    "previous",
    "afterRequest",
    "lastRequest",
    "rows",
    "root",
    "digest",
    "sealedAt",
)


def packed(fields: Sequence[tuple[int, Value]]) -> bytes:
    """Return a row of types and values in the format of PostgreSQL's `record_send`."""
    return struct.pack(">i", len(fields)) + b"".join(_packed(*field) for field in fields)


def _packed(type_number: int, value: Any) -> bytes:
    if value is None:
        return struct.pack(">Ii", type_number, MISSING)
    if type_number == DATETIME:
        value = (value - POSTGRESQL_EPOCH) // MICROSECOND
    data = value.encode() if type_number == TEXT else struct.pack(">q", value)
    return struct.pack(">Ii", type_number, len(data)) + data


def leaf_hash(salt: bytes, row: bytes) -> bytes:
    """Return the hash of a leaf: a salt followed by a row as bytes (RFC 6962)."""
    return sha256(LEAF + salt + row).digest()


def erasable_hash(salt: bytes, erasable: bytes) -> bytes:
    """Return the hash of the part of a row that an erasure may replace, after its salt."""
    return sha256(ERASABLE + salt + erasable).digest()


def split_leaf_hash(kept: bytes, erasable: bytes) -> bytes:
    """Return the hash of a leaf: the kept part of a row, and the hash of its erasable part."""
    return sha256(KEPT + kept + erasable).digest()


def replaceable_hash(version: int, salt: bytes, parts: Sequence[bytes]) -> bytes:
    """Return the hash that an erasure replaces in a row, by the version of its leaf."""
    return leaf_hash(salt, *parts) if version == WHOLE else erasable_hash(salt, parts[1])


def leaf_by(version: int, parts: Sequence[bytes], replaceable: bytes) -> bytes:
    """Return the leaf of a row from its parts and the hash that an erasure replaces."""
    return replaceable if version == WHOLE else split_leaf_hash(parts[0], replaceable)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the Merkle root of the hashes of at least one leaf."""
    *_lower, (root,) = levels_of(hashes)
    return root


def levels_of(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return the Merkle tree over at least one leaf, up to the level that contains only the root.

    As in RFC 6962, leaves and nodes have different prefixes, and a node without a neighbour moves
    up unchanged.
    """
    levels = [hashes]
    while len(hashes) > 1:
        above = [  # `node_hash` inlined, to save a call for each of millions
            sha256(NODE + left + right).digest()
            for left, right in zip(hashes[::2], hashes[1::2], strict=False)
        ]
        if len(hashes) % 2:
            above.append(hashes[-1])
        hashes = above
        levels.append(hashes)
    return levels


def root_by(path: Iterable[Sequence[str]], leaf: bytes) -> bytes:
    """Return the root from a leaf and its path: the sides and hex hashes of neighbours."""
    node = leaf
    for side, neighbour in path:
        other = bytes.fromhex(neighbour)
        node = node_hash(other, node) if side == "left" else node_hash(node, other)
    return node


def seal_hash(header: JsonObject) -> str:
    """Return the hash of a seal, computed from its header."""
    version = header.get("version", WHOLE)
    title = "badgeadmin seal" if version == WHOLE else f"badgeadmin seal, version {version}"
    values = [title, *(header[name] for name in HEADER)]
    return sha256(json.dumps(values).encode()).hexdigest()


def head_message(number: int, hash_of_seal: str) -> bytes:
    """Return the bytes that are signed when a seal is published."""
    return f"badgeadmin seal {number} {hash_of_seal}".encode()


def replacement_hash(request: int, kind: str, key: str, was: str, now: str) -> bytes:
    """Return the leaf of one replaced row in the tree of its erasure; hashes are hexadecimal."""
    texts = [(TEXT, text) for text in (kind, key, was, now)]
    return leaf_hash(b"", packed([(NUMBER, request), *texts]))


def erasure_message(erasure: JsonObject) -> bytes:
    """Return the bytes of an erasure that are signed."""
    values = [erasure[name] for name in ("request", "at", "pseudonym", "rows", "root")]
    return json.dumps(["badgeadmin erasure", *values]).encode()


def looks_erased(kind: str, row: JsonObject, pseudonym: int) -> bool:
    """Return whether a row has the form that the erasure with this pseudonym leaves."""
    if pseudonym < PSEUDONYMS:
        return False
    if kind != "request":
        return row.get("customer_id") == pseudonym
    if row["customer_id"] == pseudonym and (row["content"] or row["reason"]):
        return False
    return not row["fingerprint"]


class Replaced(NamedTuple):
    """A row after an erasure, and the root computed from it."""

    kind: str
    row: JsonObject
    root: str


class Export:
    """An export that is read line by line; `faults` describes the failed checks."""

    def __init__(self) -> None:
        self.kinds: dict[str, list[list[str]]] = {}
        self.erasable: dict[str, list[str]] = {}
        self.faults: list[str] = []
        self.rows = self.unsealed = 0
        self.computed_roots: dict[tuple[int, str], str] = {}  # one row for each computed root
        self.whole_leaves: list[bytes] = []
        self.whole_seal: int | None = None
        self.replaced: dict[int, list[Replaced]] = {}  # by the request of the erasure
        self.erasures: dict[int, JsonObject] = {}
        self.seals: list[JsonObject] = []
        self.head: JsonObject | None = None
        self.end: JsonObject | None = None

    @property
    def erased(self) -> int:
        return sum(map(len, self.replaced.values()))

    def read(self, line: JsonObject) -> None:
        """Read one line. Raises KeyError, TypeError or ValueError if it is not from an export."""
        if self.end is not None:
            raise ValueError("a line follows the end")
        if "kinds" in line:
            self.kinds, self.erasable = line["kinds"], line.get("erasable", {})
        elif "seal" in line:
            self.seals.append(line["seal"])
        elif "erasure" in line:
            self.erasures[line["erasure"]["request"]] = line["erasure"]
        elif "end" in line:
            self.end, self.head = line["end"], line.get("head")
        else:
            self._read_row(line)

    def _read_row(self, line: JsonObject) -> None:
        self.rows += 1
        proof, name = line["proof"], f"{line['kind']} {line['row']['id']}"
        if proof is None:
            self.unsealed += 1
            return
        leaf = self._leaf(line)
        if "path" in proof:
            self.computed_roots.setdefault(
                (proof["seal"], root_by(proof["path"], leaf).hex()), name
            )
            return
        if proof["seal"] != self.whole_seal:
            self._end_whole_seal()
            self.whole_seal = proof["seal"]
        self.whole_leaves.append(leaf)

    def _leaf(self, line: JsonObject) -> bytes:
        proof = line["proof"]
        version, parts = proof.get("version", WHOLE), self._parts(line)
        erased = proof.get("erased")
        replaceable = replaceable_hash(version, bytes.fromhex((erased or proof)["salt"]), parts)
        if erased is None:
            return leaf_by(version, parts, replaceable)
        request, kind, row = erased["request"], line["kind"], line["row"]
        leaf = replacement_hash(request, kind, str(row["id"]), erased["was"], replaceable.hex())
        root = root_by(erased["path"], leaf).hex()
        self.replaced.setdefault(request, []).append(Replaced(kind, row, root))
        return leaf_by(version, parts, bytes.fromhex(erased["was"]))

    def _parts(self, line: JsonObject) -> list[bytes]:
        columns, kind = self.kinds[line["kind"]], line["kind"]
        if line["proof"].get("version", WHOLE) == WHOLE:
            return [_packed_row(line, columns)]
        erasable = self.erasable.get(kind, [])
        kept = [column for column in columns if column[0] not in erasable]
        types = dict(columns)
        return [
            _packed_row(line, kept),
            _packed_row(line, [[name, types[name]] for name in erasable]),
        ]

    def _end_whole_seal(self) -> None:
        if self.whole_seal is not None:
            root = root_of(self.whole_leaves).hex()
            self.computed_roots[self.whole_seal, root] = f"one of {len(self.whole_leaves)} rows"
        self.whole_leaves = []

    def check(self, key: "Ed25519PublicKey") -> list[str]:
        """Check the export and return its faults; `key` is the public key of the publisher."""
        self._end_whole_seal()
        roots = {seal["number"]: seal["root"] for seal in self.seals}
        self.faults += [
            f"{name} does not match seal {number}"
            for (number, root), name in self.computed_roots.items()
            if root != roots.get(number)
        ]
        for request, rows in self.replaced.items():
            self._check_erasure(request, rows, key)
        self._check_chain()
        self._check_head(key)
        self._check_end()
        return self.faults

    def _check_erasure(
        self, request: int, rows: Sequence[Replaced], key: "Ed25519PublicKey"
    ) -> None:
        erasure = self.erasures.get(request)
        if erasure is None or not _is_signed(erasure, erasure_message(erasure), key):
            self.faults.append(f"erasure {request} has no valid signature")
            return
        self.faults += [
            f"{kind} {row['id']} does not match erasure {request}"
            for kind, row, root in rows
            if root != erasure["root"] or not looks_erased(kind, row, erasure["pseudonym"])
        ]

    def _check_chain(self) -> None:
        for before, seal in zip(self.seals, self.seals[1:], strict=False):
            if (seal["number"], seal["previous"]) != (before["number"] + 1, seal_hash(before)):
                self.faults.append(f"seal {seal['number']} does not follow the previous seal")

    def _check_end(self) -> None:
        if self.end is None:
            self.faults.append("the file is truncated: its end is missing")
        elif self.end["rows"] != self.rows:
            self.faults.append(f"the file has {self.rows} rows instead of {self.end['rows']}")

    def _check_head(self, key: "Ed25519PublicKey") -> None:
        if not self.computed_roots:
            return
        if not self.seals or self.head is None:
            self.faults.append("no published seal covers these rows")
            return
        number, published = self.head["seal"], self.head["hash"]
        if (self.seals[-1]["number"], seal_hash(self.seals[-1])) != (number, published):
            self.faults.append(f"seal {number} does not match the published seal")
        if not _is_signed(self.head, head_message(number, published), key):
            self.faults.append(f"the signature of seal {number} was not made with this key")

    def summary(self) -> list[str]:
        """Return lines with the numbers of proven rows and of rows that each erasure replaced."""
        lines = []
        for request, rows in sorted(self.replaced.items()):
            erasure = self.erasures.get(request, {})
            lines.append(
                f"erasure {request} of {erasure.get('at')} replaced {len(rows)} rows: "
                f"{erasure.get('reason')}"
            )
        proven = self.rows - self.unsealed
        return [
            *lines,
            f"{proven} rows proven, of which {self.erased} were replaced by {len(self.replaced)} "
            f"erasures, {self.unsealed} not sealed yet, {len(self.faults)} faults",
        ]


def _packed_row(line: JsonObject, columns: Iterable[Sequence[str]]) -> bytes:
    fields = [(TYPES[kind], _value(kind, line["row"][name])) for name, kind in columns]
    return packed([(TEXT, line["kind"]), *fields])


def _is_signed(signed: JsonObject, message: bytes, key: "Ed25519PublicKey") -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(bytes.fromhex(signed["signature"]), message)
    except InvalidSignature:
        return False
    return True


def _value(type_name: str, value: Any) -> Value:
    return datetime.fromisoformat(value) if type_name == "moment" and value else value


def read(path: Path) -> Export:
    """Read an export without checking it. Raises OSError, and the exceptions of `Export.read`."""
    export = Export()
    with opened(path) as file:
        for line in file:
            export.read(json.loads(line))
    return export


def opened(path: Path) -> TextIO:
    """Return an export as an open text file."""
    return (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8")
    )


def read_public_key(path: Path) -> "Ed25519PublicKey":
    """Return the public key of a file. Raises OSError or ValueError if there is no such key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{path} has no Ed25519 key")
    return key


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--public-key", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        export = read(arguments.export)
        faults = export.check(read_public_key(arguments.public_key))
    except (OSError, KeyError, TypeError, ValueError, struct.error) as error:
        print(f"Not an export with proofs: {error!r}", file=sys.stderr)  # noqa: T201
        return 2
    for fault in faults:
        print(fault)  # noqa: T201
    for line in export.summary():
        print(line)  # noqa: T201
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
