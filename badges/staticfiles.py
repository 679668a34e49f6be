"""Static files, collected once for each version, and kept while a process serves them.

Several servers may start at the same time, and an older one may still be running, so a directory in
use is never changed. Each version of the files has its own directory, which gets its name once it
is complete; a process holds a shared lock on the directory that it serves.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands.collectstatic import Command as Collect
from django.core.files.storage import storages
from django.core.management import call_command
from django.http import HttpResponse, HttpResponseNotFound
from whitenoise.middleware import WhiteNoiseMiddleware

from badges.outages import RETRY_AFTER_SECONDS

MANIFEST = "staticfiles.json"


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, except for the list of all files, and for files deleted in the meantime."""

    def serve(self, static_file, request):
        if request.path_info.endswith(f"/{MANIFEST}"):
            return HttpResponseNotFound()
        try:
            return super().serve(static_file, request)
        except FileNotFoundError:
            retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            return HttpResponse(status=503, headers=retry)


def prepare() -> None:
    """Collect the static files if necessary, and let this process serve them."""
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    version = root / _version()
    while not _lock_shared(version):
        _collect(version)
    _remove_others(version)
    settings.STATIC_ROOT = version


def _version() -> str:
    """Return a name for the current version of the files."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            file = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{file.st_size}\0{file.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


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


def _collect(version: Path) -> None:
    """Collect into a temporary directory, and rename it unless another process was first."""
    temporary = Path(tempfile.mkdtemp(prefix=".", dir=version.parent))
    descriptor = os.open(temporary, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        command = Collect()
        options = {"OPTIONS": {"location": temporary}}
        command.storage = storages.create_storage(settings.STORAGES["staticfiles"] | options)
        call_command(command, interactive=False, verbosity=0)
        with suppress(OSError):  # another process was first
            temporary.rename(version)
    finally:
        os.close(descriptor)
        shutil.rmtree(temporary, ignore_errors=True)


def _remove_others(version: Path) -> None:
    """Remove the versions that no process serves any more."""
    for other in version.parent.iterdir():
        if other == version or not other.is_dir():
            continue
        with suppress(OSError):
            descriptor = os.open(other, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(other)
            finally:
                os.close(descriptor)
