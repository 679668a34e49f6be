"""The hash of the newest seal, signed and put where the owner of the database does not write.

Whoever owns a database can rebuild a whole chain of seals. They cannot change what was published:
a file (AUDIT_HEADS, one JSON object per line), best on another machine or a write-once medium,
signed with an Ed25519 key (AUDIT_SIGNING_KEY) that only the application reads.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings

from badges.audit.check_export import head_message
from badges.audit.keys import kept
from badges.models import Seal

LONGEST_LINE = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """A seal as it was published: its number and hash, signed."""

    seal: int
    hash: str
    signature: str

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        try:
            key.verify(bytes.fromhex(self.signature), head_message(self.seal, self.hash))
        except (InvalidSignature, ValueError):
            return False
        return True


def publish(seal: Seal) -> None:
    """Add the head of the chain to AUDIT_HEADS, on disk when this returns. Raises OSError."""
    line = json.dumps(signed(seal)) + "\n"
    path = Path(settings.AUDIT_HEADS)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        file.write(line.encode())
        os.fsync(file.fileno())


def signed(seal: Seal) -> dict:
    """Return the head of a chain that ends with this seal, as it is published."""
    signature = signing_key().sign(head_message(seal.number, seal.hash)).hex()
    return {"seal": seal.number, "hash": seal.hash, "signature": signature}


def published(path: Path) -> Iterator[Head]:
    """Yield the heads of a file, in its order. Raises ValueError for a line that is none."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            yield _head(line)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}, line {number}") from error


def last_published() -> Head | None:
    """Return the head that was published last, or None."""
    path = Path(settings.AUDIT_HEADS)
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - LONGEST_LINE, 0))
        lines = file.read().splitlines()
    return _head(lines[-1]) if lines else None


def signing_key() -> Ed25519PrivateKey:
    """Return the key of AUDIT_SIGNING_KEY, which is made when there is none yet.

    The public half is kept beside it, in `.pub`: auditors take a copy.
    """
    path = Path(settings.AUDIT_SIGNING_KEY)
    key = load_pem_private_key(kept(path, _new_key), password=None)
    public = path.with_suffix(".pub")
    if not public.exists():
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        public.write_bytes(pem)
    return key


def public_key(path: Path | None = None) -> Ed25519PublicKey:
    """Return the key that heads are checked with: of this file, or the application's own."""
    return load_pem_public_key(path.read_bytes()) if path else signing_key().public_key()


def _new_key() -> bytes:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _head(line: str | bytes) -> Head:
    read = json.loads(line)
    return Head(int(read["seal"]), str(read["hash"]), str(read["signature"]))
