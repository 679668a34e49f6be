"""The view of uploaded pictures, for browsers and apps; public, as their URLs are."""

from pathlib import PurePosixPath

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.views.decorators.http import require_safe

from badges.services.catalogue.pictures import FOLDER, STORED_NAME

TYPES = {".png": "image/png", ".jpg": "image/jpeg"}
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Disposition": "inline",
    "X-Content-Type-Options": "nosniff",
}


@require_safe
def picture(request, name):
    """Return one picture; its name is a hash of its content, so clients may cache it for ever."""
    stored = f"{FOLDER}/{name}"
    if not STORED_NAME.fullmatch(stored):
        raise Http404
    try:
        content = default_storage.open(stored)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(content, content_type=TYPES[PurePosixPath(name).suffix], headers=HEADERS)
