"""The chain of seals: the header that a seal hashes, and the packed leaves of its rows."""

import struct
from collections.abc import Iterable
from datetime import UTC

from badges.audit.check_export import HEADER, WHOLE, JsonObject, seal_hash
from badges.audit.leaves import KEY_SIZE, Key
from badges.models import Seal

BEFORE_THE_FIRST = "0" * 64
SALT_SIZE = 16
HASH_SIZE = 32
RECORD = struct.Struct(f">B{KEY_SIZE}s{HASH_SIZE}s")


def hash_of(seal: Seal) -> str:
    """Return the hash of a seal, computed from its header."""
    return seal_hash(header_of(seal))


def header_of(seal: Seal) -> JsonObject:
    """Return the header of a seal, as exports write it."""
    logged = [
        seal.number,
        seal.previous,
        seal.after_request,
        seal.last_request,
        seal.rows,
        seal.root,
        seal.digest,
        seal.sealed_at.astimezone(UTC).isoformat(),
    ]
    header: JsonObject = dict(zip(HEADER, logged, strict=True))
    return header if seal.version == WHOLE else header | {"version": seal.version}


def pack_leaves(leaves: Iterable[tuple[Key, bytes]]) -> bytes:
    """Return keys and hashes packed into bytes, in their order."""
    return b"".join(RECORD.pack(index, key, leaf) for (index, key), leaf in leaves)


def leaves_of(seal: Seal) -> list[tuple[Key, bytes]]:
    """Return the keys and hashes of the rows of a seal. Raises struct.error if truncated."""
    return [((index, key), leaf) for index, key, leaf in RECORD.iter_unpack(seal.leaves)]


def salts_of(salts: bytes) -> list[bytes]:
    """Return the salts of a seal as a list, with one salt for each leaf."""
    return [salts[start : start + SALT_SIZE] for start in range(0, len(salts), SALT_SIZE)]


def range_of(seal: Seal) -> tuple[int | None, int]:
    """Return the limits of the range of a seal: the request before it, and its last request.

    The first seal has no request before it, so its first limit is None.
    """
    return (seal.after_request if seal.number > 1 else None), seal.last_request
