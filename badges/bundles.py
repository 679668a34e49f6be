"""Files that are made from other static files, so that a page needs few and small ones.

They are bundles of style sheets and scripts, and the font of the icons. They are made when static
files are collected, and by a development server whenever one of their sources has changed.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage

from badges import icons
from badges.versioned_directory import use_directory

# Files in the order in which a browser has to read them.
STYLES = {
    # Every page of the theme, its own style sheet last.
    "badges/theme.bundle.css": (
        "badges/fonts.css",
        "badges/desk.css",
        "badges/session.css",
        "badges/admin.css",
        "badges/find.css",
        "badges/help.css",
        "unfold/css/styles.css",
        "unfold/css/simplebar/simplebar.css",
    ),
    # Every page of the desk.
    "badges/desk.bundle.css": (
        "badges/pages.css",
        "badges/forms.css",
        "badges/lists.css",
        "badges/tables.css",
        "badges/verdicts.css",
        "badges/pictures.css",
    ),
}
SCRIPTS = {
    # Every page of the theme. Alpine is last, because it starts as soon as it is loaded.
    "badges/theme.bundle.js": (
        "unfold/js/htmx/htmx.js",
        "badges/desk.js",
        "badges/search.js",
        "badges/help.js",
        "badges/tips.js",
        "badges/session.js",
        "badges/input.js",
        "badges/theme.js",
        "unfold/js/app.js",
        "unfold/js/simplebar/simplebar.js",
        "unfold/js/alpine/alpine.anchor.js",
        "unfold/js/alpine/alpine.persist.js",
        "unfold/js/alpine/alpine.sort.js",
        "unfold/js/alpine/alpine.resize.js",
        "unfold/js/alpine/alpine.js",
    ),
}
BUNDLES = STYLES | SCRIPTS
ICON_FONT = "badges/icons.woff2"


class BundlesFinder(finders.BaseFinder):
    """A finder of the bundles and the icon font, which makes them first if necessary."""

    def find(self, path, find_all=False, **kwargs):
        if path not in BUNDLES and path != ICON_FONT:
            return []
        file = str(_current_directory() / path)
        return [file] if find_all else file

    def list(self, ignore_patterns):
        storage = FileSystemStorage(_current_directory())
        for path in (*BUNDLES, ICON_FONT):
            yield path, storage


def _current_directory() -> Path:
    """Return the directory of the bundles, made from the sources as they are now."""
    digest = hashlib.sha256(repr(BUNDLES).encode())
    for path in _sources():
        file = path.stat()
        digest.update(f"{path}\0{file.st_size}\0{file.st_mtime_ns}\n".encode())
    directory = settings.VAR_DIR / "bundles" / digest.hexdigest()[:16]
    use_directory(directory, _make_bundles)
    return directory


def _sources() -> Iterator[Path]:
    """Yield the files that the bundles and the icon font are made from."""
    yield from map(Path, (__file__, icons.__file__))
    yield _source(icons.FONT)
    yield from icons.sources()
    for parts in BUNDLES.values():
        yield from map(_source, parts)


def _source(path: str) -> Path:
    file = finders.find(path)
    if file is None:
        raise FileNotFoundError(f"There is no static file {path}.")
    return Path(file)


def _make_bundles(directory: Path) -> None:
    (directory / "badges").mkdir()
    for path, parts in BUNDLES.items():
        # A script may end without a semicolon, and the next one begin with a bracket.
        separator = b"\n;\n" if path in SCRIPTS else b"\n"
        content = separator.join(_source(part).read_bytes() for part in parts)
        (directory / path).write_bytes(content)
    texts = (path.read_text(encoding="utf-8") for path in icons.sources())
    font = icons.subset_font(_source(icons.FONT).read_bytes(), texts)
    (directory / ICON_FONT).write_bytes(font)
