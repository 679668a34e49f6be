"""Checks of every page: axe has no findings, nothing overflows, and the focus is visible."""

from functools import cache
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from fontTools.ttLib import TTFont

from badges.bundles import ICON_FONT
from badges.icons import icons_of

# The policy applies to style elements, but not to style sheets that a script constructs.
ADOPT = """css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
}"""
HEIGHT = 1000
WIDE, MIDDLE, NARROW = 1440, 768, 390
THEMES = ("light", "dark")
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,
}
# Contrast takes most of axe's time, so each combination of text style and background is checked
# once.
DISTINCT = """() => {
    const known = new Map([[null, ""]]);
    const ground = each => {
        if (!known.has(each)) {
            const style = getComputedStyle(each);
            const own = style.backgroundColor + style.backgroundImage + style.opacity;
            known.set(each, ground(each.parentElement) + own);
        }
        return known.get(each);
    };
    const seen = new Set();
    const isText = node => node.nodeType === Node.TEXT_NODE && node.data.trim();
    const hasText = each => [...each.childNodes].some(isText);
    for (const each of document.body.querySelectorAll("*")) {
        delete each.dataset.axeDistinct;
        if (!hasText(each) && !each.matches("input, select, textarea")) continue;
        if (!each.checkVisibility({visibilityProperty: true})) continue;
        const style = getComputedStyle(each);
        const look = [style.color, style.fontSize, style.fontWeight, ground(each)].join();
        if (!seen.has(look)) each.dataset.axeDistinct = "";
        seen.add(look);
    }
    axe.configure({rules: [{id: "color-contrast", selector: "[data-axe-distinct]"}]});
}"""

# Transitions would be measured half-way, and htmx dims elements during a request.
STILL = """
    *, *::before, *::after { animation: none !important; transition: none !important; }
    .htmx-request { opacity: 1 !important; }
"""
# A chart adopts its new size shortly after its container.
SETTLED = "() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 50))"
# Scripts add classes of their own to the theme.
HAS_THEME = "theme => document.documentElement.classList.contains(theme)"
VISIBLE = "each => each.checkVisibility({visibilityProperty: true})"

OUTSIDE = f"""() => {{
    const visible = {VISIBLE};
    const scrolls = each => ["auto", "scroll"].includes(getComputedStyle(each).overflowX);
    const inside = each => {{
        while ((each = each.parentElement)) if (scrolls(each)) return true;
        return false;
    }};
    const width = document.documentElement.clientWidth;
    const found = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
    for (const each of document.body.querySelectorAll("*")) {{
        const box = each.getBoundingClientRect();
        const shown = box.width > 1 && box.height > 1 && visible(each);
        if (shown && (box.right > width + 1 || box.left < -1) && !inside(each))
            found.push(each.outerHTML.slice(0, 120));
    }}
    return found.slice(0, 5);
}}"""

UNSEEN = f"""() => {{
    const visible = {VISIBLE};
    const focusable = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
    const drawn = each => [null, "::after"].some(part => {{
        const style = getComputedStyle(each, part);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    }});
    const found = [];
    for (const each of document.querySelectorAll(focusable)) {{
        if (each.disabled || each.tabIndex < 0 || !visible(each)) continue;
        each.focus();
        if (document.activeElement !== each) continue;
        let near = each;
        while (near !== document.body && !drawn(near)) near = near.parentElement;
        if (near === document.body) found.push(each.outerHTML.slice(0, 120));
    }}
    return found.slice(0, 5);
}}"""

ICONS = """() => [...document.querySelectorAll(".material-symbols-outlined")]
    .map(each => each.textContent.trim()).filter(Boolean)"""


def findings(page, number):
    """Return the faults of the current page, one line for each.

    Pages with an even `number` are checked with the first theme on a wide screen and with the
    second on a narrow one. For the others the themes are swapped.
    """
    first, second = THEMES if number % 2 == 0 else reversed(THEMES)
    page.evaluate(ADOPT, STILL)
    page.evaluate(Axe().axe_script)
    _look(page, first, WIDE)
    found = _axe(page) + _outside(page) + _unseen(page) + _missing_icons(page)
    _look(page, first, MIDDLE)
    found += _outside(page)
    _look(page, second, NARROW)
    return found + _axe(page) + _outside(page)


def looks(page):
    """Show the page in each theme on a wide and a narrow screen. Yield the name of each look."""
    for theme in THEMES:
        for width in (NARROW, WIDE):
            _look(page, theme, width)
            yield f"{theme}-{width}"


def _look(page, theme, width):
    """Select a theme with its keyboard shortcut, which stores it, and set the width."""
    page.emulate_media(color_scheme=theme)
    for _press in THEMES:
        if not page.evaluate(HAS_THEME, theme):
            page.keyboard.press("Control+e")
            page.evaluate(SETTLED)
    if page.viewport_size["width"] != width:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.evaluate(SETTLED)


def _outside(page):
    width = page.viewport_size["width"]
    return [f"{width} px: sticks out: {each}" for each in page.evaluate(OUTSIDE)]


def _unseen(page):
    page.keyboard.press("Tab")  # from here on the browser shows the focus as for keyboard users
    return [f"focus not seen: {each}" for each in page.evaluate(UNSEEN)]


def _missing_icons(page):
    missing = set(page.evaluate(ICONS)) - _icons()
    return [f"not in the font of the icons (badges/icons.py): {each}" for each in sorted(missing)]


@cache
def _icons():
    return icons_of(TTFont(Path(finders.find(ICON_FONT)))).keys()


def _axe(page):
    page.evaluate(DISTINCT)
    look = page.evaluate("`${document.documentElement.className}, ${innerWidth} px`")
    found = []
    for rule in page.evaluate("options => axe.run(options)", AXE)["violations"]:
        for node in rule["nodes"]:
            why = "; ".join(each["message"] for each in [*node["any"], *node["all"], *node["none"]])
            found.append(f"{look}: {rule['id']}: {node['html'][:160]}: {why[:240]}")
    return found
