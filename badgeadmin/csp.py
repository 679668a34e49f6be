"""The Content Security Policy of pages that carry the admin theme."""

import hashlib
import re
from base64 import b64encode
from functools import cache

from csp.constants import SELF, UNSAFE_EVAL
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.template import engines
from django.template.loader import get_template
from unfold.settings import get_config
from unfold.utils import convert_color

THEMED = ("/admin/", "/desk/")
COLOURS = re.compile(r'<style id="unfold-theme-colors">(.*?)</style>', re.DOTALL)


class ThemedCSPMiddleware(CSPMiddleware):
    """The policy of the settings, extended for pages with the theme.

    The theme's Alpine evaluates strings: Alpine's CSP build cannot, and has neither `localStorage`
    nor the functions in the theme's attributes. Only the style element of the theme is allowed;
    style attributes are all allowed, because Alpine sets them. Only these pages show pictures of
    other hosts.
    """

    def get_policy_parts(self, request, response, report_only=False):
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(THEMED):
            hosts = [f"https://{host}" for host in settings.PICTURE_HOSTS]
            parts.update = {
                **(parts.update or {}),
                "script-src": [UNSAFE_EVAL],
                "style-src-elem": [SELF, hash_of_colours()],
                "img-src": hosts,
            }
        return parts


@cache
def hash_of_colours() -> str:
    """Return the hash of the theme's style element with the colours of the settings."""
    skeleton = get_template("unfold/layouts/skeleton.html")
    source = skeleton.template.source  # type: ignore[attr-defined]  # a template of Django
    theme = get_config()
    colours = {
        name: {weight: convert_color(value) for weight, value in weights.items()}
        for name, weights in theme["COLORS"].items()
    }
    context = {"colors": colours, "border_radius": theme.get("BORDER_RADIUS")}
    style = engines["django"].from_string(COLOURS.findall(source)[0]).render(context)
    return f"'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
