"""Secrets that are created on first use, each in a file of its own."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from badges.files import whole_file


def load_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the secret in a file that only its owner can read; create a missing file.

    If several processes create it at the same time, all return the secret of the first one.
    """
    if not path.exists():
        with suppress(FileExistsError), whole_file(path) as file:
            file.write(make())
    return path.read_bytes()
