"""Atomic file operations: a file is complete or absent, even after a full disk or a crash."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from badges.locks import locked

FOR_OWNER = 0o600
FOR_ALL = 0o666  # minus the umask, as for every opened file


@contextmanager
def whole_file(path: Path, *, mode: int = FOR_OWNER, replace: bool = False) -> Iterator[BinaryIO]:
    """Open a file that gets its name once the block has written it and it is on disk.

    Nothing remains if the block fails. Raises OSError: FileExistsError if a file of this name
    exists, unless `replace` is set.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        move(temporary, path, replace=replace)
    finally:
        temporary.unlink(missing_ok=True)


def move(source: Path, target: Path, *, replace: bool = False) -> None:
    """Rename a complete file within its directory, and sync the directory to disk.

    Raises OSError: FileExistsError if the name is taken, unless `replace` is set.
    """
    if replace:
        source.replace(target)
    else:
        os.link(source, target)  # unlike a rename, this never replaces a file
        source.unlink()
    descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_lines(path: Path, lines: bytes) -> None:
    """Append complete lines to a file, all or none of them, and sync them to disk.

    They begin on a line of their own, even if a crash has truncated the last one. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path), path.open("a+b", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                lines = b"\n" + lines
        try:
            _write(file, lines)
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):  # on an append-only file, the next lines begin on a new line
                file.truncate(end)
            raise


def _write(file: BinaryIO, content: bytes) -> None:
    """Write all bytes; on a nearly full disk, a write may be partial without an error."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
