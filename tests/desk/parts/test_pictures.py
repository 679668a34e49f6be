"""Uploaded pictures are decoded, re-encoded, stored once and served; other files are refused."""

from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin

from badges.models import BadgeMeta, Operation, RequestLog
from tests.admin.conftest import changed, page, rows
from tests.api.conftest import ApiClient
from tests.desk.definitions.forms import NEW, badge_form, edit_form, page_of
from tests.desk.parts.pictures import INVALID_FILES, UPLOAD, image_content, uploaded_file
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

SECRET_NOTE = b"taken at home"
BADGES = "/api_gateway/v1/badges/badgeMeta"
TAKEN_BACK = [
    *("id", "name", "startOn", "expiresOn", "earnType"),
    *("earnedBadgeExpiry", "ownership", "images"),
]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Use an empty directory for uploads."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


def png_with_metadata():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", SECRET_NOTE.decode())
    return image_content(pnginfo=notes)


def mpo_content():
    """Return a JPEG with a second picture in it, which Pillow calls MPO."""
    content = BytesIO()
    first, second = (Image.new("RGB", (64, 64), colour) for colour in ("teal", "red"))
    first.save(content, "MPO", save_all=True, append_images=[second])
    return content.getvalue()


VALID_FILES = {
    "a PNG": image_content,
    "a JPEG": lambda: image_content("JPEG"),
    "a PNG with notes": png_with_metadata,
    "a JPEG with two pictures": mpo_content,
    "a JPEG with a line feed behind it": lambda: image_content("JPEG") + b"\n",
    "a picture with a page behind it": lambda: image_content() + b"<script>taken at home</script>",
    "a JPEG with an archive behind it": lambda: image_content("JPEG") + b"PK\3\4 taken at home",
}


@pytest.mark.parametrize("content", VALID_FILES.values(), ids=VALID_FILES)
def test_an_uploaded_picture_is_reencoded_stored_and_shown(desk, client, media, content):
    fields = badge_form(**{UPLOAD: uploaded_file(content(), "../../evil.php.png")})

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


def test_an_upload_is_recorded_and_a_repeated_one_is_not(desk, media, supervisor):
    desk.post(f"{NEW}?check", badge_form(**{UPLOAD: uploaded_file(image_content())}))
    desk.post(f"{NEW}?check", badge_form(**{UPLOAD: uploaded_file(image_content())}))

    (kept,) = (media / "badges").iterdir()
    row = RequestLog.objects.get()
    assert (row.operation, row.user) == (Operation.KEEP_PICTURE, supervisor)
    assert kept.name in row.content


@pytest.mark.parametrize("content", INVALID_FILES.values(), ids=INVALID_FILES)
def test_the_refusal_of_an_invalid_picture_is_a_field_error(desk, media, content):
    answer = desk.post(NEW, badge_form(**{UPLOAD: uploaded_file(content())}))

    assert answer.status_code == 200
    assert "upload" in answer.context["forms"].pictures[0].errors
    assert not BadgeMeta.objects.exists()
    assert not list(media.rglob("*.*"))


def test_an_edit_keeps_the_picture_and_the_history_shows_it(desk):
    desk.post(NEW, badge_form(**{UPLOAD: uploaded_file(image_content())}))
    badge = BadgeMeta.objects.get()
    kept = badge.images.get().upload.name
    fields = badge_form(seen_version=1, **{"picture-EARNED-kept": kept})
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
    desk.post(
        page_of(live_badge, "edit/"),
        edit_form(live_badge, **{UPLOAD: uploaded_file(image_content())}),
    )
    live_badge.refresh_from_db()
    kept = live_badge.images.get().upload.name
    fields = {f"picture-EARNED-{name}": value for name, value in change.items()}

    desk.post(
        page_of(live_badge, "edit/"),
        edit_form(live_badge, **fields, **{"picture-EARNED-kept": kept}),
    )

    images = [(image.url, bool(image.upload)) for image in live_badge.images.all()]
    assert images == ([] if url is None else [(url, has_upload)])


def test_a_redisplayed_form_keeps_the_picture(desk):
    first = desk.post(NEW, badge_form(name="", **{UPLOAD: uploaded_file(image_content())}))
    kept = first.context["forms"].pictures[0].kept_name
    assert f'value="{kept}"' in first.text

    desk.post(NEW, badge_form(**{"picture-EARNED-kept": kept}))

    assert BadgeMeta.objects.get().images.get().upload.name == kept


@pytest.mark.parametrize("kept", ["badges/../secret.key", "badges/x.png", f"badges/{'0' * 64}.png"])
def test_an_unknown_upload_is_no_picture(desk, kept):
    answer = desk.post(NEW, badge_form(**{"picture-EARNED-kept": kept}))

    assert answer.status_code == 200
    assert not BadgeMeta.objects.exists()


@pytest.mark.parametrize("address", ["javascript:alert(1)", "ftp://example.com/a.png", "//x"])
def test_the_address_of_a_picture_must_be_http(desk, address):
    answer = desk.post(NEW, badge_form(**{"picture-EARNED-url": address}))

    assert "url" in answer.context["forms"].pictures[0].errors
    assert not BadgeMeta.objects.exists()


@pytest.mark.parametrize(
    "name", [f"{'0' * 64}.png", "x.png", "..%2F..%2Fsecret.key", f"{'0' * 64}.svg"]
)
def test_only_pictures_are_served(client, media, name):
    (media / "secret.key").write_text("secret")

    assert client.get(f"/media/badges/{name}").status_code == 404


def test_the_api_returns_and_accepts_the_address_of_an_upload(desk, integrator):
    desk.post(NEW, badge_form(**{UPLOAD: uploaded_file(image_content())}))
    badge = BadgeMeta.objects.get()
    kept = badge.images.get().upload.name
    api = ApiClient(integrator.client_id)
    badge_data = api.get(f"{BADGES}/{badge.pk}").json()["data"]
    assert [image["url"] for image in badge_data["images"]] == [f"/media/{kept}"]

    answer = api.put(BADGES, {name: badge_data[name] for name in TAKEN_BACK})

    assert answer.status_code == 200
    assert answer.json()["data"]["images"] == badge_data["images"]
    assert [(image.url, image.upload.name) for image in badge.images.all()] == [("", kept)]


def test_an_edit_in_the_admin_keeps_an_upload(desk):
    badge = BadgeMetaFactory()
    badge.images.create(tag="EARNED", name="Medal", upload=f"badges/{'0' * 64}.png")
    row = badge.images.get()
    image = {"id": row.pk, "badge": badge.pk, "tag": "EARNED", "name": "Gold", "url": ""}
    post = changed(badge) | rows("images", [image])
    desk.post(page("badgemeta_change", badge.pk), post)

    assert [(each.name, each.upload.name) for each in badge.images.all()] == [
        ("Gold", row.upload.name)
    ]
