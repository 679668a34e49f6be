"""The demo's own secret key, so that a fresh machine needs no environment at all."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key


def demo_secret_key(folder: Path) -> str:
    """Return the key kept in `folder`, made on first use and readable by its owner alone."""
    file = folder / "demo-secret-key"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as new:
            new.write(get_random_secret_key())
    return file.read_text()
