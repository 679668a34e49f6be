"""Uploaded pictures, as browsers and apps fetch them; open to everybody, as their addresses are."""

from pathlib import PurePosixPath

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.views.decorators.http import require_safe

from badges.services.pictures import FOLDER, KEPT_NAME

TYPES = {".png": "image/png", ".jpg": "image/jpeg"}
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Disposition": "inline",
    "X-Content-Type-Options": "nosniff",
}


@require_safe
def picture(request, name):
    """One picture; its name stands for its content, so it may be kept for good."""
    stored = f"{FOLDER}/{name}"
    if not KEPT_NAME.fullmatch(stored):
        raise Http404
    try:
        content = default_storage.open(stored)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(content, content_type=TYPES[PurePosixPath(name).suffix], headers=HEADERS)
