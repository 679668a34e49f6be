"""Pictures in every mode of PNG and JPEG, and broken files."""

import random
from contextlib import suppress
from io import BytesIO

import pytest
from PIL import Image, ImageOps

from badges.errors import BadgeError
from badges.services.catalogue.pictures import read_picture

SIDE = 64
ORIENTATION = 0x0112


def file_of(image, kind="PNG", **how):
    content = BytesIO()
    image.save(content, kind, **how)
    return content.getvalue()


def kept(content):
    return Image.open(BytesIO(read_picture(BytesIO(content)).content))


def ramp():
    """Return a gradient from black on the left to white on the right, in 8 bits."""
    return Image.linear_gradient("L").rotate(90).resize((SIDE, SIDE))


def ramp_in_16_bits():
    levels = [round(column * 65_535 / (SIDE - 1)) for column in range(SIDE)] * SIDE
    return Image.frombytes("I;16", (SIDE, SIDE), b"".join(n.to_bytes(2, "little") for n in levels))


def test_a_grey_picture_of_16_bits_keeps_its_levels():
    row = [kept(file_of(ramp_in_16_bits())).getpixel((x, 0))[0] for x in range(SIDE)]
    assert (row[0], row[-1]) == (0, 255)
    assert row == sorted(row)
    assert len(set(row)) == SIDE


def test_a_transparent_level_of_16_bits_is_transparent():
    image = ramp_in_16_bits()
    picture = kept(file_of(image, transparency=0))
    assert picture.mode == "RGBA"
    assert [picture.getpixel((x, 0))[3] for x in (0, SIDE - 1)] == [0, 255]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_png_keeps_its_colours(mode):
    image = ramp().convert(mode)
    picture = kept(file_of(image)).convert("RGB")
    assert picture.tobytes() == image.convert("RGB").tobytes()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "YCbCr"])
def test_every_mode_of_jpeg_keeps_its_colours(mode):
    image = ramp().convert("RGB").convert(mode)
    picture = kept(file_of(image, "JPEG", quality=95)).convert("L")
    assert picture.getpixel((2, 9)) < 30
    assert picture.getpixel((SIDE - 3, 9)) > 225


def test_a_palette_with_transparency_is_transparent():
    image = ramp().convert("P")
    picture = kept(file_of(image, transparency=image.getpixel((0, 0))))
    assert picture.mode == "RGBA"
    assert picture.getpixel((0, 0))[3] == 0
    assert picture.getpixel((SIDE - 1, 0))[3] == 255


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_has_the_orientation_of_its_metadata(kind, orientation):
    image = ramp().convert("RGB")
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    content = file_of(image, kind, exif=exif)

    picture = kept(content)

    expected = ImageOps.exif_transpose(Image.open(BytesIO(content)))
    for place in ((2, 2), (SIDE - 3, 2), (2, SIDE - 3)):
        assert abs(picture.getpixel(place)[0] - expected.getpixel(place)[0]) < 20
    assert not picture.getexif()


def test_the_first_of_several_pictures_is_kept():
    content = BytesIO()
    first, second = (Image.new("RGB", (SIDE, SIDE), colour) for colour in ("teal", "red"))
    first.save(content, "MPO", save_all=True, append_images=[second])
    picture = kept(content.getvalue())
    assert picture.format == "JPEG"
    assert picture.getpixel((0, 0))[0] < 20


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "MPO"])
def test_a_broken_file_is_refused_for_any_exception(kind):
    chance = random.Random(kind)  # noqa: S311 - the same files in every run
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image = ramp().convert("RGB")
    more = {"save_all": True, "append_images": [image]} if kind == "MPO" else {}
    good = file_of(image, kind, exif=exif, **more)
    for _file in range(400):
        broken = bytearray(good)
        for _byte in range(chance.choice([1, 2, 5, 20])):
            broken[chance.randrange(min(len(broken), 400))] = chance.randrange(256)
        with suppress(BadgeError):
            read_picture(BytesIO(bytes(broken)))
