"""The generation and hashing of the secrets of integrators."""

import hashlib
import secrets

from django.contrib.auth.hashers import BasePasswordHasher
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_noop as _


def new_secret() -> str:
    """Return 256 random bits as text for a URL or a header."""
    return secrets.token_urlsafe(32)


class SecretHasher(BasePasswordHasher):
    """One round of SHA-256: a secret of 256 random bits cannot be guessed even with a fast hash.

    A slow hash would add a quarter of a second to every Basic request (CONTRACT.md, 5.18).
    """

    algorithm = "integrator_secret"

    def encode(self, password, salt):
        digest = hashlib.sha256(f"{salt}${password}".encode()).hexdigest()
        return f"{self.algorithm}${salt}${digest}"

    def decode(self, encoded):
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def verify(self, password, encoded):
        return constant_time_compare(encoded, self.encode(password, self.decode(encoded)["salt"]))

    def safe_summary(self, encoded):
        return {_("algorithm"): self.algorithm}

    def harden_runtime(self, password, encoded):
        """Do nothing: every secret is hashed with one round."""
