"""Pictures of badges: really decoded, rid of all that is no picture, named by what they are."""

import json
import re
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from typing import BinaryIO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from badges.errors import BadgeError, ErrorCode
from badges.models import Operation
from badges.services.requests import Origin, attempt

MOST_BYTES = 2 * 1024 * 1024
LONGEST_SIDE = 4_096
SHORTEST_SIDE = 16
KEPT_SIDE = 1_024
FOLDER = "badges"
KEPT_NAME = re.compile(rf"{FOLDER}/[0-9a-f]{{64}}\.(png|jpg)")
ENDINGS = {"PNG": "png", "JPEG": "jpg"}
# The last bytes of a file that has nothing behind its picture.
LAST_BYTES = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
# What Pillow raises for a file that is broken, or made to break something.
BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    SyntaxError,
    ValueError,
)


@dataclass(frozen=True)
class Picture:
    """A picture written anew, without what else the uploaded file held."""

    content: bytes
    ending: str

    @cached_property
    def name(self) -> str:
        """Where it is kept: a name that nobody chose, the same for the same picture."""
        return f"{FOLDER}/{sha256(self.content).hexdigest()}.{self.ending}"


def read_picture(upload: BinaryIO) -> Picture:
    """Return the picture of an uploaded file. Raises BadgeError: 400."""
    content = upload.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _refusal(_("The file is larger than 2 megabytes."))
    try:
        image = Image.open(BytesIO(content), formats=list(ENDINGS))
        _check(image, content)
        image.load()
        return _written_anew(image)
    except BROKEN as error:
        raise _refusal(_("This is no PNG or JPEG picture, or a broken one.")) from error


def keep_picture(*, origin: Origin, picture: Picture) -> str:
    """Store a picture and return its name; one that is there already changes nothing."""
    if not default_storage.exists(picture.name):
        told = json.dumps({"picture": picture.name})
        kept = replace(origin, content=told)
        with attempt(Operation.KEEP_PICTURE, origin=kept, now=timezone.now()):
            default_storage.save(picture.name, ContentFile(picture.content))
    return picture.name


def is_kept(name: str) -> bool:
    """Whether a name is that of a picture we have."""
    return bool(KEPT_NAME.fullmatch(name)) and default_storage.exists(name)


def name_of(address: str) -> str | None:
    """Return the name of the picture that we answer with at an address, or None."""
    name = address.removeprefix(settings.MEDIA_URL)
    return name if name != address and is_kept(name) else None


def _check(image: Image.Image, content: bytes) -> None:
    """Refuse by what the file says of itself, before anything is unpacked."""
    width, height = image.size
    if max(width, height) > LONGEST_SIDE:
        raise _refusal(_("The picture is larger than 4096 by 4096 pixels."))
    if width != height:
        raise _refusal(_("The picture must be square."))
    if width < SHORTEST_SIDE:
        raise _refusal(_("The picture is smaller than 16 by 16 pixels."))
    if not content.rstrip(b"\0").endswith(LAST_BYTES[image.format]):
        raise _refusal(_("There is more in the file than a picture."))


def _written_anew(image: Image.Image) -> Picture:
    form = image.format
    image = ImageOps.exif_transpose(image)
    see_through = form == "PNG" and image.has_transparency_data
    image = image.convert("RGBA" if see_through else "RGB")
    image.thumbnail((KEPT_SIDE, KEPT_SIDE))
    clean = Image.new(image.mode, image.size)  # without the notes that an image carries along
    clean.paste(image)
    written = BytesIO()
    clean.save(written, form, **({"quality": 90} if form == "JPEG" else {"optimize": True}))
    return Picture(written.getvalue(), ENDINGS[form])


def _refusal(message) -> BadgeError:
    return BadgeError(ErrorCode.INVALID_INPUT, "upload", message)
