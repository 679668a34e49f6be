"""Detection of processes on this machine that have ended: each locks a file of its own.

The system releases the lock when the process ends, for any reason. Processes with another VAR_DIR,
on another machine, cannot be checked.
"""

import fcntl
import logging
import os
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from uuid import uuid4

from django.conf import settings

NAME_LENGTH = 32

log = logging.getLogger(__name__)


def current() -> str:
    """Return the name of this process, or an empty string if the disk is full."""
    try:
        return _locked_name()
    except OSError:
        log.exception("Other processes will not notice at once when this one ends.")
        return ""


def has_ended(name: str) -> bool:
    """Return whether a process has ended; False if it may run on another machine."""
    try:
        descriptor = os.open(_directory() / name, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def ended() -> list[str]:
    """Return the names of all ended processes that have not been forgotten."""
    if not _directory().exists():
        return []
    names = [path.name for path in _directory().iterdir() if not path.name.startswith(".")]
    return [name for name in names if has_ended(name)]


def forget(names: Iterable[str]) -> None:
    """Remove the files of ended processes."""
    for name in names:
        (_directory() / name).unlink(missing_ok=True)


def _directory() -> Path:
    return settings.VAR_DIR / "processes"


@cache
def _locked_name() -> str:
    """Create the file of this process, which is locked before other processes can find it."""
    name = uuid4().hex
    _directory().mkdir(mode=0o700, exist_ok=True)
    descriptor, path = tempfile.mkstemp(prefix=".", dir=_directory())
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # until the process ends and its files are closed
    Path(path).rename(_directory() / name)
    return name
