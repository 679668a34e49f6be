"""The signed hash of the newest seal, in a file that the owner of the database does not write.

The owner of a database can rebuild the whole chain of seals, but cannot change a published head.
Heads are published in a file (AUDIT_HEADS, one JSON object per line), preferably on another machine
or a write-once medium. They are signed with an Ed25519 key (AUDIT_SIGNING_KEY) that only the
application reads.
"""

import json
import os
from collections.abc import Iterable, Iterator
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
)
from django.conf import settings

from badges.audit.check_export import JsonObject, head_message, read_public_key
from badges.audit.keys import load_or_create
from badges.files import append_lines
from badges.models import Seal

# In bytes, far more than one line; the last line of each publication is a head.
MAX_TAIL = 10_000
ERASURE: dict[str, type[int | str]] = {
    "request": int,
    "at": str,
    "pseudonym": int,
    "rows": int,
    "root": str,
    "signature": str,
}


@dataclass(frozen=True, slots=True)
class Head:
    """A published seal: its number, hash and signature."""

    seal: int
    hash: str
    signature: str

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        try:
            key.verify(bytes.fromhex(self.signature), head_message(self.seal, self.hash))
        except (InvalidSignature, ValueError):
            return False
        return True


def publish(seal: Seal, erasures: Iterable[JsonObject]) -> None:
    """Append the erasures since the last head and the head of the chain to AUDIT_HEADS.

    The lines are on disk when this function returns. Raises OSError.
    """
    lines = [{"erasure": erasure} for erasure in erasures] + [signed(seal)]
    written = "".join(json.dumps(line) + "\n" for line in lines)
    append_lines(Path(settings.AUDIT_HEADS), written.encode())


def signed(seal: Seal) -> JsonObject:
    """Return the head of a chain that ends with this seal, as it is published."""
    signature = signing_key().sign(head_message(seal.number, seal.hash)).hex()
    return {"seal": seal.number, "hash": seal.hash, "signature": signature}


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file of heads in order. Raises OSError."""
    with path.open("rb") as file:
        yield from file


def parse_line(line: bytes) -> Head | JsonObject | None:
    """Return the head or the erasure in a line, or None if the line is invalid."""
    try:
        line_data = json.loads(line)
        if "erasure" in line_data:
            return {name: convert(line_data["erasure"][name]) for name, convert in ERASURE.items()}
        return Head(int(line_data["seal"]), str(line_data["hash"]), str(line_data["signature"]))
    except (KeyError, TypeError, ValueError):
        return None


def head_files() -> list[Path]:
    """Return the files of published heads of this deployment: AUDIT_HEADS, if it exists."""
    path = Path(settings.AUDIT_HEADS)
    return [path] if path.exists() else []


def last_published() -> Head | None:
    """Return the last published head, or None."""
    for path in head_files():
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - MAX_TAIL, 0))
            lines = map(parse_line, reversed(file.readlines()))
            return next((line for line in lines if isinstance(line, Head)), None)
    return None


def signing_key() -> Ed25519PrivateKey:
    """Return the key of AUDIT_SIGNING_KEY, and create it if it does not exist.

    The public key is stored beside it, in `.pub`, so that auditors can copy it. Raises OSError, or
    ValueError if the file has another kind of key.
    """
    path = Path(settings.AUDIT_SIGNING_KEY)
    key = load_pem_private_key(load_or_create(path, _new_key), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("The key of AUDIT_SIGNING_KEY is not an Ed25519 key.")
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    load_or_create(path.with_suffix(".pub"), lambda: pem)
    return key


def public_key(path: Path | None = None) -> Ed25519PublicKey:
    """Return the public key that verifies signatures, from this file or the application's own.

    Nothing is written, so a verification can run on a read-only copy. Raises OSError or ValueError
    if there is no such key.
    """
    return read_public_key(path or Path(settings.AUDIT_SIGNING_KEY).with_suffix(".pub"))


def _new_key() -> bytes:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
