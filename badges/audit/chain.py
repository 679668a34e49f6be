"""How seals hang together: the header that a seal's hash is over, and its leaves by name."""

import struct
from collections.abc import Iterable
from datetime import UTC

from badges.audit.check_export import HEADER, seal_hash
from badges.audit.leaves import KEY_SIZE, Key
from badges.models import Seal

BEFORE_THE_FIRST = "0" * 64
SALT_SIZE = 16
HASH_SIZE = 32
RECORD = struct.Struct(f">B{KEY_SIZE}s{HASH_SIZE}s")


def hash_of(seal: Seal) -> str:
    """Return the hash of a seal, which is over its header."""
    return seal_hash(header_of(seal))


def header_of(seal: Seal) -> dict:
    """Return what a seal says of itself, as exports write it."""
    said = [
        seal.number,
        seal.previous,
        seal.after_request,
        seal.last_request,
        seal.rows,
        seal.root,
        seal.digest,
        seal.sealed_at.astimezone(UTC).isoformat(),
    ]
    return dict(zip(HEADER, said, strict=True))


def pack_leaves(leaves: Iterable[tuple[Key, bytes]]) -> bytes:
    """Return keys and hashes as one string of bytes, in their order."""
    return b"".join(RECORD.pack(place, key, leaf) for (place, key), leaf in leaves)


def leaves_of(seal: Seal) -> list[tuple[Key, bytes]]:
    """Return the keys and hashes of the rows that a seal holds. Raises struct.error if cut off."""
    return [((place, key), leaf) for place, key, leaf in RECORD.iter_unpack(seal.leaves)]


def salts_of(salts: bytes) -> list[bytes]:
    """Return the random bytes of each leaf."""
    return [salts[start : start + SALT_SIZE] for start in range(0, len(salts), SALT_SIZE)]


def range_of(seal: Seal) -> tuple[int | None, int]:
    """Return after which request a seal starts and with which it ends; the first starts at none."""
    return (seal.after_request if seal.number > 1 else None), seal.last_request
