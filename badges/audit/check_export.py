#!/usr/bin/env python3
"""Check an export with proofs, on any machine: every row is what was sealed and published.

    python check_export.py export.jsonl --public-key signing-key.pub

Needs Python 3.11 and the package `cryptography`, nothing of BadgeAdmin; the application itself
packs and hashes with the functions of this file. Each line of an export is a JSON object. The first
names the columns of each kind of row and their types; then come rows, each with the random bytes it
was hashed with and the hashes that lead from it to the Merkle root of its seal (an archive has its
seals whole and needs no such hashes; a row from which a customer was erased tells the hash it was
sealed as); then the seals, from the first that is needed up to the newest; last that newest one as
it was published, signed. A file that ends in .gz is unpacked.

Exit code 0 when everything holds, 1 when something does not, 2 when the file is no such export.
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
from typing import TextIO

TEXT, NUMBER, MOMENT = 25, 20, 1184  # how PostgreSQL numbers these types
TYPES = {"text": TEXT, "number": NUMBER, "moment": MOMENT}
MISSING = -1
POSTGRESQL_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LEAF = b"\x00"
NODE = b"\x01"
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


def packed(fields: Sequence[tuple[int, str | int | datetime | None]]) -> bytes:
    """Return a row, given as types and values, as PostgreSQL's `record_send` writes it."""
    return struct.pack(">i", len(fields)) + b"".join(_packed(*field) for field in fields)


def _packed(type_number: int, value: str | int | datetime | None) -> bytes:
    if value is None:
        return struct.pack(">Ii", type_number, MISSING)
    if type_number == MOMENT:
        value = (value - POSTGRESQL_EPOCH) // MICROSECOND
    data = value.encode() if type_number == TEXT else struct.pack(">q", value)
    return struct.pack(">Ii", type_number, len(data)) + data


def leaf_hash(salt: bytes, row: bytes) -> bytes:
    """Return the hash of a leaf: a row as bytes, with random ones before them (RFC 6962)."""
    return sha256(LEAF + salt + row).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over the hashes of at least one leaf."""
    *_lower, (root,) = levels_of(hashes)
    return root


def levels_of(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return the Merkle tree over at least one leaf, up to the level that is the root alone.

    As in RFC 6962: leaves and nodes are hashed apart, a lone node moves up as it is.
    """
    levels = [hashes]
    while len(hashes) > 1:
        above = [  # `node_hash`, without a call for each of millions
            sha256(NODE + left + right).digest()
            for left, right in zip(hashes[::2], hashes[1::2], strict=False)
        ]
        if len(hashes) % 2:
            above.append(hashes[-1])
        hashes = above
        levels.append(hashes)
    return levels


def root_by(path: Iterable[Sequence[str]], leaf: bytes) -> bytes:
    """Return the root that a leaf leads to by its path: sides and hex hashes of neighbours."""
    known = leaf
    for side, neighbour in path:
        other = bytes.fromhex(neighbour)
        known = node_hash(other, known) if side == "left" else node_hash(known, other)
    return known


def seal_hash(header: dict) -> str:
    """Return the hash of a seal, which is over what it says."""
    said = ["badgeadmin seal", *(header[name] for name in HEADER)]
    return sha256(json.dumps(said).encode()).hexdigest()


def head_message(number: int, hash_of_seal: str) -> bytes:
    """Return the bytes that are signed when a seal is published."""
    return f"badgeadmin seal {number} {hash_of_seal}".encode()


class Export:
    """An export as it is read, line by line; `faults` says in words what does not hold."""

    def __init__(self):
        self.kinds: dict[str, list] = {}
        self.faults: list[str] = []
        self.rows = self.unsealed = self.erased = 0
        self.led_to: dict[tuple[int, str], str] = {}  # a row of each root that was found
        self.whole: list[bytes] = []
        self.whole_seal: int | None = None
        self.seals: list[dict] = []
        self.head: dict | None = None

    def read(self, line: dict) -> None:
        """Take one line. Raises KeyError, TypeError or ValueError when it is none of an export."""
        if "kinds" in line:
            self.kinds = line["kinds"]
        elif "seal" in line:
            self.seals.append(line["seal"])
        elif "head" in line:
            self.head = line["head"]
        else:
            self._read_row(line)

    def _read_row(self, line: dict) -> None:
        self.rows += 1
        proof, name = line["proof"], f"{line['kind']} {line['row']['id']}"
        if proof is None:
            self.unsealed += 1
            return
        leaf = self._leaf(line)
        if "path" in proof:
            self.led_to.setdefault((proof["seal"], root_by(proof["path"], leaf).hex()), name)
            return
        if proof["seal"] != self.whole_seal:
            self._end_whole_seal()
            self.whole_seal = proof["seal"]
        self.whole.append(leaf)

    def _leaf(self, line: dict) -> bytes:
        if "leaf" in line["proof"]:
            self.erased += 1
            return bytes.fromhex(line["proof"]["leaf"])
        columns = self.kinds[line["kind"]]
        values = [_value(type_name, line["row"][name]) for name, type_name in columns]
        types = [TYPES[type_name] for _name, type_name in columns]
        row = packed([(TEXT, line["kind"]), *zip(types, values, strict=True)])
        return leaf_hash(bytes.fromhex(line["proof"]["salt"]), row)

    def _end_whole_seal(self) -> None:
        if self.whole_seal is not None:
            root = root_of(self.whole).hex()
            self.led_to[self.whole_seal, root] = f"one of {len(self.whole)} rows"
        self.whole = []

    def check(self, key) -> list[str]:
        """Return what does not hold; `key` is the public key of whoever published the seals."""
        self._end_whole_seal()
        known = {seal["number"]: seal["root"] for seal in self.seals}
        self.faults += [
            f"{name} is not what seal {number} holds"
            for (number, root), name in self.led_to.items()
            if root != known.get(number)
        ]
        self._check_chain()
        self._check_head(key)
        return self.faults

    def _check_chain(self) -> None:
        for before, seal in zip(self.seals, self.seals[1:], strict=False):
            if (seal["number"], seal["previous"]) != (before["number"] + 1, seal_hash(before)):
                self.faults.append(f"seal {seal['number']} does not follow the one before it")

    def _check_head(self, key) -> None:
        from cryptography.exceptions import InvalidSignature

        if not self.led_to:
            return
        if not self.seals or self.head is None:
            self.faults.append("no seal was published that holds these rows")
            return
        number, published = self.head["seal"], self.head["hash"]
        if (self.seals[-1]["number"], seal_hash(self.seals[-1])) != (number, published):
            self.faults.append(f"seal {number} is not what was published")
        try:
            key.verify(bytes.fromhex(self.head["signature"]), head_message(number, published))
        except InvalidSignature:
            self.faults.append(f"the signature of seal {number} is not that of this key")


def _value(type_name: str, value):
    return datetime.fromisoformat(value) if type_name == "moment" and value else value


def read(path: Path) -> Export:
    """Return an export, read and not yet checked. Raises what `Export.read` does, and OSError."""
    export = Export()
    with opened(path) as file:
        for line in file:
            export.read(json.loads(line))
    return export


def opened(path: Path) -> TextIO:
    """Return an export, to be read as text."""
    return (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8")
    )


def main() -> int:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--public-key", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        export = read(arguments.export)
        faults = export.check(load_pem_public_key(arguments.public_key.read_bytes()))
    except (OSError, KeyError, TypeError, ValueError, struct.error) as error:
        print(f"Not an export with proofs: {error!r}", file=sys.stderr)  # noqa: T201
        return 2
    for fault in faults:
        print(fault)  # noqa: T201
    print(  # noqa: T201
        f"{export.rows - export.unsealed} rows proven, of which {export.erased} were erased, "
        f"{export.unsealed} not sealed yet, {len(faults)} faults"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
