"""A chosen picture is previewed before the upload; other files are not."""

import pytest

from badges.models import BadgeMeta
from tests.browser.actions import log_in, tick, write
from tests.desk.parts.pictures import INVALID_FILES, image_content

pytestmark = pytest.mark.django_db(transaction=True)

EARNED, NOT_EARNED = "#id_picture-EARNED-upload", "#id_picture-UN_EARNED-upload"
PREVIEW = "#desk-panel .desk-picture img"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Use an empty directory for uploads, separate from the screenshots."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def form(open_page, supervisor):
    page = open_page()
    log_in(page, "simon", "/desk/badges/new/")
    return page


def choose(page, field, content, name="medal.png", kind="image/png"):
    page.locator(field).set_input_files({"name": name, "mimeType": kind, "buffer": content})


def source(page):
    return page.locator(PREVIEW).get_attribute("src")


def test_a_chosen_picture_is_shown_immediately_and_kept_by_previews(form, shoot, media):
    choose(form, EARNED, image_content())
    form.wait_for_selector(PREVIEW)
    assert source(form).startswith("data:image/png")
    assert form.locator(".desk-slot img").count() == 1

    write(form, "name", "Explorer")
    tick(form, "EARN")
    form.wait_for_selector("#desk-panel h3 >> text=Explorer")
    form.wait_for_selector(PREVIEW)
    shoot(form, "definition-picture")
    assert source(form).startswith("data:image/png")
    assert not list(media.rglob("*.*"))
    assert not BadgeMeta.objects.exists()

    form.locator(".desk-side").get_by_role("button", name="Check").click()
    form.wait_for_selector(f"{PREVIEW}[src^='/media/']")


def test_the_picture_of_the_first_state_with_one_is_shown(form):
    choose(form, NOT_EARNED, image_content("JPEG"), "grey.jpg", "image/jpeg")
    form.wait_for_selector(f"{PREVIEW}[src^='data:image/jpeg']")
    choose(form, EARNED, image_content())
    form.wait_for_selector(f"{PREVIEW}[src^='data:image/png']")

    form.locator(EARNED).set_input_files([])

    form.wait_for_selector(f"{PREVIEW}[src^='data:image/jpeg']")
    assert form.locator(".desk-slot img").count() == 1


def test_a_picture_chosen_before_the_scripts_is_shown(form):
    held = []
    form.route("**/pictures*.js", lambda route: held.append(route))
    form.goto(form.url, wait_until="commit")
    choose(form, EARNED, image_content())
    form.wait_for_function("document.readyState === 'interactive'")
    assert form.locator(PREVIEW).count() == 0

    held.pop().continue_()

    form.wait_for_selector(f"{PREVIEW}[src^='data:image/png']")


@pytest.mark.parametrize("name", ["an SVG", "a page", "one byte too many"])
@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml"])
def test_a_file_that_is_no_picture_is_not_shown_and_refused(form, name, kind):
    ending = "svg" if kind.endswith("xml") else "png"
    choose(form, NOT_EARNED, image_content("JPEG"), "grey.jpg", "image/jpeg")
    form.wait_for_selector(f"{PREVIEW}[src^='data:image/jpeg']")

    choose(form, EARNED, INVALID_FILES[name](), f"medal.{ending}", kind)
    form.locator(".desk-side").get_by_role("button", name="Check").click()

    form.wait_for_selector("#id_picture-EARNED-upload_error")
    assert form.locator(".desk-slot img[src^='data:']").count() == 0
    assert form.locator(f"{PREVIEW}[src^='/media/']").count() == 1
    assert not BadgeMeta.objects.exists()
