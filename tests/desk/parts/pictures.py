"""Pictures to upload, good and bad."""

import struct
import zlib
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

UPLOAD = "picture-EARNED-upload"


def image_content(kind="PNG", size=(64, 64), **options):
    content = BytesIO()
    Image.new("RGB", size, "teal").save(content, kind, **options)
    return content.getvalue()


def decompression_bomb():
    """Return a PNG whose header claims 60,000 by 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def uploaded_file(content, name="medal.png", content_type="image/png"):
    return SimpleUploadedFile(name, content, content_type)


INVALID_FILES = {
    "an SVG": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "a page": lambda: b"<!doctype html><script>alert(1)</script>",
    "a GIF": lambda: image_content("GIF"),
    "half a picture": lambda: image_content(size=(512, 512))[:200],
    "one byte too many": lambda: (
        image_content() + b"\0" * (2 * 1024 * 1024 + 1 - len(image_content()))
    ),
    "a decompression bomb": decompression_bomb,
    "a wide one": lambda: image_content(size=(64, 32)),
    "a tiny one": lambda: image_content(size=(8, 8)),
    "nothing": lambda: b"",
}
