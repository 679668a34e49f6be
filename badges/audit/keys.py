"""Secrets that are made when they are first needed, each in a file of its own."""

import os
from collections.abc import Callable
from pathlib import Path


def kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the secret in a file that only its owner reads, made when there is none yet.

    Of several processes that make one at the same time the first one's stands.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(make())
        try:
            os.link(temporary, path)  # whole or not at all
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_bytes()
