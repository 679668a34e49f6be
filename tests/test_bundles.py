"""Bundles of style sheets and scripts, and the font of the icons (F28)."""

import hashlib
import re
from pathlib import Path

import pytest
import unfold
from django.contrib.staticfiles import finders
from fontTools.ttLib import TTFont

from badges import icons
from badges.bundles import BUNDLES, ICON_FONT, STYLES

# Style sheets refer to other files relative to themselves, and a bundle is in another directory.
REFERENCE = re.compile(r"url\((?!['\"]?data:)[^)]*\)")
# The skeleton of the theme that templates/unfold/layouts/skeleton.html replaces.
SKELETON = "66af9f0bb45f98ba4e16ba5e5a11f36d87b8e07430d19066d088b29548491c2e"


def source(path):
    return Path(finders.find(path)).read_text()


@pytest.mark.parametrize("path", BUNDLES)
def test_a_bundle_has_its_files_in_order(path):
    bundle = source(path)

    positions = [bundle.index(source(part)) for part in BUNDLES[path]]

    assert positions == sorted(positions)


@pytest.mark.parametrize("path", STYLES)
def test_a_bundle_refers_to_files_that_exist(path):
    directory = Path(path).parent
    for part in STYLES[path]:
        for reference in REFERENCE.findall(source(part)):
            name = reference[4:-1].strip("'\"")
            assert finders.find(str(directory / name)), f"{part}: {reference}"


def test_a_changed_file_is_in_the_next_bundle(settings, tmp_path):
    settings.STATICFILES_DIRS = [tmp_path]
    finders.get_finder.cache_clear()
    changed = tmp_path / "badges" / "pages.css"
    changed.parent.mkdir()
    try:
        for text in (".one {}", ".the-other {}"):
            changed.write_text(text)
            assert text in source("badges/desk.bundle.css")
    finally:
        finders.get_finder.cache_clear()


@pytest.fixture(scope="module")
def font():
    return icons.icons_of(TTFont(finders.find(ICON_FONT)))


@pytest.mark.parametrize(
    "name",
    [
        *("home", "workspace_premium"),  # the menu
        *("dark_mode", "unfold_more", "drag_indicator"),  # templates of the theme
        *("check_small", "keyboard_arrow_down"),  # its form fields and its style sheet
        *("block", "check_circle"),  # the choices of a template filter
        *("trending_up", "person_remove"),  # code of the desk
    ],
)
def test_the_font_of_the_icons_has_the_icons_of_the_pages(font, name):
    assert name in font


def test_the_font_of_the_icons_is_small(font):
    assert "skateboarding" not in font
    assert Path(finders.find(ICON_FONT)).stat().st_size < 25_000


def test_the_skeleton_of_the_theme_is_the_one_that_ours_replaces():
    path = Path(unfold.__file__).parent / "templates" / "unfold" / "layouts" / "skeleton.html"

    assert hashlib.sha256(path.read_bytes()).hexdigest() == SKELETON, (
        "The theme has a new skeleton: compare it with templates/unfold/layouts/skeleton.html."
    )
