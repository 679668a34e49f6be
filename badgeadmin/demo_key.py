"""The secret key of the demo, so that a new machine needs no environment variables."""

from pathlib import Path

from django.core.management.utils import get_random_secret_key

from badges.audit.keys import load_or_create


def demo_secret_key(folder: Path) -> str:
    """Return the key stored in `folder`, created on first use and readable only by its owner."""
    return load_or_create(
        folder / "demo-secret-key", lambda: get_random_secret_key().encode()
    ).decode()
