"""A font with only the icons of the pages, made from the font of the theme.

The font of the theme has about 4,000 icons in 290 kB. It draws an icon for its name, by a ligature.
"""

import re
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from django.apps import apps
from django.conf import settings
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FONT = "unfold/fonts/material-symbols/Material-Symbols-Outlined.woff2"
# A word in quotes, between tags, or in a list of choices for a template filter.
WORD = re.compile(r"(?<=[\"'>,])\s*([a-z0-9_]+)\s*(?=[\"'<,])")


def sources() -> list[Path]:
    """Return the files that may have names of icons: templates, and the code of their contexts."""
    theme, badges = (Path(apps.get_app_config(name).path) for name in ("unfold", "badges"))
    return [
        *(settings.BASE_DIR / "templates").rglob("*.html"),
        settings.BASE_DIR / "badgeadmin" / "settings.py",
        *(path for layer in ("admin", "desk") for path in (badges / layer).rglob("*.py")),
        *(badges / "static").rglob("*.js"),
        *(theme / "templates").rglob("*.html"),
        *theme.glob("*.py"),
        theme / "static" / "unfold" / "css" / "styles.css",
    ]


def subset_font(font: bytes, texts: Iterable[str]) -> bytes:
    """Return the font in WOFF2 with only the icons that the texts may name.

    Each word in a place where a text may have the name of an icon counts as one, so that the font
    has a few unused icons and lacks none.
    """
    source = TTFont(BytesIO(font), recalcTimestamp=False)
    glyphs = icons_of(source)
    named = {word for text in texts for word in WORD.findall(text)} & glyphs.keys()
    # Without the closure, the ligatures do not add the other icons that have the same letters.
    options = Options(layout_closure=False, layout_features=["rlig"])
    options.drop_tables += ["FFTM"]  # times of the font's editor
    subsetter = Subsetter(options)
    letters = map(ord, sorted(set("".join(named))))
    subsetter.populate(glyphs=[glyphs[name] for name in sorted(named)], unicodes=letters)
    subsetter.subset(source)
    subset = BytesIO()
    source.save(subset)
    return subset.getvalue()


def icons_of(font: TTFont) -> dict[str, str]:
    """Return the glyphs of a font by the names of their icons."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    return {
        "".join(letters[glyph] for glyph in (first, *ligature.Component)): ligature.LigGlyph
        for lookup in font["GSUB"].table.LookupList.Lookup
        for table in lookup.SubTable
        for first, starting in table.ligatures.items()
        for ligature in starting
    }
