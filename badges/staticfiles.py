"""Static files, collected once for each version, and compressed."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands.collectstatic import Command as Collect
from django.core.files.storage import storages
from django.core.management import call_command
from django.http import HttpResponse, HttpResponseNotFound
from whitenoise.compress import Compressor
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

from badges.outages import RETRY_AFTER_SECONDS
from badges.versioned_directory import use_directory

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


class GzipManifestStorage(CompressedManifestStaticFilesStorage):
    """Static files with a hash of their contents in the name, each with a version in gzip.

    Brotli would save another fifth, but compressing all files with it takes minutes, for which the
    first start of a server would have to wait.
    """

    def create_compressor(self, **kwargs):
        return Compressor(**kwargs, use_brotli=False)


def prepare() -> None:
    """Collect the static files if necessary, and let this process serve them."""
    version = Path(settings.STATIC_ROOT) / _version()
    use_directory(version, _collect)
    settings.STATIC_ROOT = version


def _version() -> str:
    """Return a name for the current version of the files."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            file = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{file.st_size}\0{file.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _collect(directory: Path) -> None:
    """Collect the static files into a directory."""
    command = Collect()
    options = {"OPTIONS": {"location": directory}}
    command.storage = storages.create_storage(settings.STORAGES["staticfiles"] | options)
    call_command(command, interactive=False, verbosity=0)
