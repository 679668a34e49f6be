"""Uploaded pictures: decoded, cleaned, kept once, served safely; everything else is refused."""

import struct
import zlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, PngImagePlugin

from badges.models import BadgeMeta, Operation, RequestLog
from tests.admin.conftest import changed, page, rows
from tests.api.conftest import ApiClient
from tests.desk.test_definitions import NEW, edited, filled, page_of
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

UPLOAD = "picture-EARNED-upload"
SECRET_NOTE = b"taken at home"
BADGES = "/api_gateway/v1/badges/badgeMeta"
TAKEN_BACK = [
    *("id", "name", "startOn", "expiresOn", "earnType"),
    *("earnedBadgeExpiry", "ownership", "images"),
]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """An empty place for pictures."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


def written(kind="PNG", size=(64, 64), **how):
    content = BytesIO()
    Image.new("RGB", size, "teal").save(content, kind, **how)
    return content.getvalue()


def noted():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", SECRET_NOTE.decode())
    return written(pnginfo=notes)


def bomb():
    """A PNG that says it is 60,000 pixels wide and high."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def file(content, name="medal.png", content_type="image/png"):
    return SimpleUploadedFile(name, content, content_type)


GOOD = {"a PNG": written, "a JPEG": lambda: written("JPEG"), "a PNG with notes": noted}
BAD = {
    "an SVG": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "a page": lambda: b"<!doctype html><script>alert(1)</script>",
    "a GIF": lambda: written("GIF"),
    "a picture with a page behind it": lambda: written() + b"<script>alert(1)</script>",
    "a JPEG with an archive behind it": lambda: written("JPEG") + b"PK\3\4 and so on",
    "half a picture": lambda: written(size=(512, 512))[:200],
    "one byte too many": lambda: written() + b"\0" * (2 * 1024 * 1024 + 1 - len(written())),
    "a decompression bomb": bomb,
    "a wide one": lambda: written(size=(64, 32)),
    "a tiny one": lambda: written(size=(8, 8)),
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_a_picture_is_kept_clean_and_shown(desk, client, media, content):
    fields = filled(**{UPLOAD: file(content(), "../../evil.php.png")})

    assert desk.post(NEW, fields).status_code == 302

    image = BadgeMeta.objects.get().images.get()
    assert (image.tag, image.name, image.url) == ("EARNED", "Explorer", "")
    (kept,) = (media / "badges").iterdir()
    assert image.upload.name == f"badges/{kept.name}"
    assert SECRET_NOTE not in kept.read_bytes()
    client.logout()
    answer = client.get(image.address)
    assert answer.getvalue() == kept.read_bytes()
    assert answer["Content-Type"] == ("image/png" if kept.suffix == ".png" else "image/jpeg")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_an_upload_leaves_a_row_of_its_own_and_the_same_again_none(desk, media, supervisor):
    desk.post(f"{NEW}?check", filled(**{UPLOAD: file(written())}))
    desk.post(f"{NEW}?check", filled(**{UPLOAD: file(written())}))

    (kept,) = (media / "badges").iterdir()
    row = RequestLog.objects.get()
    assert (row.operation, row.user) == (Operation.KEEP_PICTURE, supervisor)
    assert kept.name in row.content


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_picture_is_refused_next_to_its_field(desk, media, content):
    answer = desk.post(NEW, filled(**{UPLOAD: file(content())}))

    assert answer.status_code == 200
    assert "upload" in answer.context["forms"].pictures[0].errors
    assert not BadgeMeta.objects.exists()
    assert not list(media.rglob("*.*"))


def test_an_edit_keeps_the_picture_and_the_history_shows_it(desk):
    desk.post(NEW, filled(**{UPLOAD: file(written())}))
    badge = BadgeMeta.objects.get()
    kept = badge.images.get().upload.name
    fields = filled(seen_version=1, **{"picture-EARNED-kept": kept})
    del fields["earn_type"]

    desk.post(page_of(badge, "edit/"), fields)

    assert badge.images.get().upload.name == kept
    assert badge.revisions.first().snapshot["images"][0]["upload"] == kept
    assert kept in desk.get(page_of(badge)).text


@pytest.mark.parametrize(
    ("change", "url", "has_upload"),
    [
        ({"remove": "on"}, None, None),
        ({"url": "https://example.com/new.png"}, "https://example.com/new.png", False),
        ({}, "", True),
    ],
)
def test_a_picture_is_replaced_or_removed(desk, live_badge, change, url, has_upload):
    desk.post(page_of(live_badge, "edit/"), edited(live_badge, **{UPLOAD: file(written())}))
    live_badge.refresh_from_db()
    kept = live_badge.images.get().upload.name
    fields = {f"picture-EARNED-{name}": value for name, value in change.items()}

    desk.post(
        page_of(live_badge, "edit/"), edited(live_badge, **fields, **{"picture-EARNED-kept": kept})
    )

    images = [(image.url, bool(image.upload)) for image in live_badge.images.all()]
    assert images == ([] if url is None else [(url, has_upload)])


def test_a_page_shown_again_still_has_the_picture(desk):
    first = desk.post(NEW, filled(name="", **{UPLOAD: file(written())}))
    kept = first.context["forms"].pictures[0].kept_name
    assert f'value="{kept}"' in first.text

    desk.post(NEW, filled(**{"picture-EARNED-kept": kept}))

    assert BadgeMeta.objects.get().images.get().upload.name == kept


@pytest.mark.parametrize("kept", ["badges/../secret.key", "badges/x.png", f"badges/{'0' * 64}.png"])
def test_a_made_up_name_is_no_picture(desk, kept):
    answer = desk.post(NEW, filled(**{"picture-EARNED-kept": kept}))

    assert answer.status_code == 200
    assert not BadgeMeta.objects.exists()


@pytest.mark.parametrize("address", ["javascript:alert(1)", "ftp://example.com/a.png", "//x"])
def test_an_address_is_one_of_the_web(desk, address):
    answer = desk.post(NEW, filled(**{"picture-EARNED-url": address}))

    assert "url" in answer.context["forms"].pictures[0].errors
    assert not BadgeMeta.objects.exists()


@pytest.mark.parametrize(
    "name", [f"{'0' * 64}.png", "x.png", "..%2F..%2Fsecret.key", f"{'0' * 64}.svg"]
)
def test_nothing_else_is_served(client, media, name):
    (media / "secret.key").write_text("secret")

    assert client.get(f"/media/badges/{name}").status_code == 404


def test_the_api_tells_the_address_and_takes_it_back(desk, integrator):
    desk.post(NEW, filled(**{UPLOAD: file(written())}))
    badge = BadgeMeta.objects.get()
    kept = badge.images.get().upload.name
    api = ApiClient(integrator.client_id)
    told = api.get(f"{BADGES}/{badge.pk}").json()["data"]
    assert [image["url"] for image in told["images"]] == [f"/media/{kept}"]

    answer = api.put(BADGES, {name: told[name] for name in TAKEN_BACK})

    assert answer.status_code == 200
    assert answer.json()["data"]["images"] == told["images"]
    assert [(image.url, image.upload.name) for image in badge.images.all()] == [("", kept)]


def test_the_admin_leaves_an_upload_alone(desk):
    badge = BadgeMetaFactory()
    badge.images.create(tag="EARNED", name="Medal", upload=f"badges/{'0' * 64}.png")
    row = badge.images.get()
    image = {"id": row.pk, "badge": badge.pk, "tag": "EARNED", "name": "Gold", "url": ""}
    post = changed(badge) | rows("images", [image])
    desk.post(page("badgemeta_change", badge.pk), post)

    assert [(each.name, each.upload.name) for each in badge.images.all()] == [
        ("Gold", row.upload.name)
    ]
