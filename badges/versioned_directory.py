"""Directories that are built once for each version of their contents.

Several processes may start at the same time, and an older one may still be running, so a directory
in use is never changed. A directory gets its name once it is complete; a process holds a shared
lock on each directory that it uses.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_in_use: set[Path] = set()


def use_directory(directory: Path, build: Callable[[Path], None]) -> None:
    """Build a directory if it does not exist, and keep it until this process ends.

    `build` fills an empty directory. Other versions, next to this one, are removed unless a process
    uses them.
    """
    if directory in _in_use:
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    while not _lock_shared(directory):
        _build(directory, build)
    _in_use.add(directory)
    _remove_others(directory)


def _lock_shared(directory: Path) -> bool:
    """Lock a directory until this process ends; return False if it does not exist any more."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    with suppress(FileNotFoundError):
        if os.path.samestat(os.fstat(descriptor), directory.stat()):
            return True
    os.close(descriptor)
    return False


def _build(directory: Path, build: Callable[[Path], None]) -> None:
    """Build in a temporary directory, and rename it unless another process was first."""
    temporary = Path(tempfile.mkdtemp(prefix=".", dir=directory.parent))
    descriptor = os.open(temporary, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        build(temporary)
        with suppress(OSError):  # another process was first
            temporary.rename(directory)
    finally:
        os.close(descriptor)
        shutil.rmtree(temporary, ignore_errors=True)


def _remove_others(directory: Path) -> None:
    """Remove the versions that no process uses any more."""
    for other in directory.parent.iterdir():
        if other == directory or not other.is_dir():
            continue
        with suppress(OSError):
            descriptor = os.open(other, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(other)
            finally:
                os.close(descriptor)
