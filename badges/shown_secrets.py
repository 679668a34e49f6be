"""Secrets that a page shows after a redirect: encrypted, in the session, for ten minutes.

A secret is created by a POST request and shown by the page that follows, which can then be loaded
again. The application stores only hashes of secrets, so the text is in the session of the user who
has created it until they confirm that they have it, or until it expires. It is encrypted with a key
that is derived from the session key in the cookie. The database has only a hash of that key:
neither its readers nor its backups reveal the secret.
"""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

TIMEOUT = 10 * 60  # seconds
STORED = "shown_secrets"  # the name in the session: kind of secret -> [expiry, encrypted text]
KEY_LENGTH = 32  # bytes


def keep(session: SessionBase, kind: str, secret: Mapping[str, object]) -> None:
    """Store a secret of a kind, such as one integrator's, instead of an earlier one."""
    if session.session_key is None:
        session.create()
    encrypted = _cipher(session).encrypt(json.dumps(secret).encode()).decode()
    stored = session.get(STORED, {})
    session[STORED] = stored | {kind: [time.time() + TIMEOUT, encrypted]}


def read(session: SessionBase, kind: str) -> dict | None:
    """Return the secret, or None if there is none, or it has expired, or the key has changed."""
    remove_expired(session)
    stored = session.get(STORED, {}).get(kind)
    if stored is None:
        return None
    try:
        return json.loads(_cipher(session).decrypt(stored[1].encode()))
    except InvalidToken:
        return None


def forget(session: SessionBase, kind: str) -> None:
    """Remove the secret."""
    _store(session, {name: each for name, each in session.get(STORED, {}).items() if name != kind})


def remove_expired(session: SessionBase) -> None:
    """Remove all secrets whose time is over."""
    stored = session.get(STORED)
    if stored:
        now = time.time()
        _store(session, {name: each for name, each in stored.items() if each[0] > now})


def _store(session: SessionBase, secrets: dict) -> None:
    if secrets:
        if secrets != session.get(STORED):
            session[STORED] = secrets
    else:
        session.pop(STORED, None)


def _cipher(session: SessionBase) -> Fernet:
    derivation = HKDF(
        algorithm=SHA256(),
        length=KEY_LENGTH,
        salt=settings.SECRET_KEY.encode(),
        info=b"badges.shown_secrets",
    )
    return Fernet(urlsafe_b64encode(derivation.derive(str(session.session_key).encode())))
