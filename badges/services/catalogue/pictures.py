"""Pictures of badges: decoded, encoded again without metadata, and named by their hash."""

import json
import re
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from badges.errors import BadgeError, ErrorCode
from badges.models import Operation
from badges.services.request_log import Origin, logged_request

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_BYTES = 2 * 1024 * 1024
MAX_SIDE = 4_096
MIN_SIDE = 16
STORED_SIDE = 1_024
FOLDER = "badges"
STORED_NAME = re.compile(rf"{FOLDER}/[0-9a-f]{{64}}\.(png|jpg)")
EXTENSIONS = {"PNG": "png", "JPEG": "jpg"}


@dataclass(frozen=True)
class Picture:
    """A picture that was encoded again, without the other contents of the uploaded file."""

    content: bytes
    extension: str

    @cached_property
    def name(self) -> str:
        """The path in the storage, derived from a hash of the contents."""
        return f"{FOLDER}/{sha256(self.content).hexdigest()}.{self.extension}"


def read_picture(upload: BinaryIO) -> Picture:
    """Return the picture of an uploaded file, or the first of several. Raises BadgeError: 400.

    Metadata, and any data that follows the picture in the file, are dropped.
    """
    content = upload.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _refusal(_("The file is larger than 2 megabytes."))
    try:
        image = Image.open(BytesIO(content), formats=list(EXTENSIONS))
        _check(image)
        image.load()
        return _re_encode(image)
    except BadgeError:
        raise
    except Exception as error:  # Pillow raises any exception for malicious files
        raise _refusal(_("This is no PNG or JPEG picture, or a broken one.")) from error


def store_picture(*, origin: Origin, picture: Picture) -> str:
    """Store a picture and return its name; a picture that is stored already changes nothing.

    Raises OSError if it cannot be stored, for example because the disk is full.
    """
    if not _is_stored(picture):
        content = json.dumps({"picture": picture.name})
        logged_origin = replace(origin, content=content)
        with logged_request(Operation.KEEP_PICTURE, origin=logged_origin, now=timezone.now()):
            default_storage.save(picture.name, ContentFile(picture.content))
    return picture.name


def _is_stored(picture: Picture) -> bool:
    """Return whether the storage has the complete file; a disk error may have damaged it."""
    try:
        with default_storage.open(picture.name) as file:
            return bool(file.read() == picture.content)
    except FileNotFoundError:
        return False


def is_stored(name: str) -> bool:
    """Return whether a name is that of a stored picture."""
    return bool(STORED_NAME.fullmatch(name)) and default_storage.exists(name)


def name_of(address: str) -> str | None:
    """Return the name of the stored picture that is served at an address, or None."""
    name = address.removeprefix(settings.MEDIA_URL)
    return name if name != address and is_stored(name) else None


def _check(image: Image.Image) -> None:
    """Refuse a picture by the size in its header, before it is decoded."""
    width, height = image.size
    if max(width, height) > MAX_SIDE:
        raise _refusal(_("The picture is larger than 4096 by 4096 pixels."))
    if width != height:
        raise _refusal(_("The picture must be square."))
    if width < MIN_SIDE:
        raise _refusal(_("The picture is smaller than 16 by 16 pixels."))


def _re_encode(image: Image.Image) -> Picture:
    image_format = (
        "PNG" if image.format == "PNG" else "JPEG"
    )  # or MPO, a JPEG with several pictures
    image = _to_8_bits(ImageOps.exif_transpose(image))
    transparency = image_format == "PNG" and image.has_transparency_data
    image = image.convert("RGBA" if transparency else "RGB")
    image.thumbnail((STORED_SIDE, STORED_SIDE))
    clean = Image.new(image.mode, image.size)  # without metadata
    clean.paste(image)
    output = BytesIO()
    clean.save(
        output, image_format, **({"quality": 90} if image_format == "JPEG" else {"optimize": True})
    )
    return Picture(output.getvalue(), EXTENSIONS[image_format])


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Return a 16-bit greyscale picture in 8 bits; Pillow alone would clip the values above 255."""
    if not image.mode.startswith("I"):
        return image
    scaled = image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if (transparency := image.info.get("transparency")) is not None:
        scaled.info["transparency"] = transparency // 256
    return scaled


def _refusal(message: "StrOrPromise") -> BadgeError:
    return BadgeError(ErrorCode.INVALID_INPUT, "upload", message)
