"""The Content Security Policy of pages that carry the admin theme."""

from csp.constants import UNSAFE_EVAL
from csp.middleware import CSPMiddleware

THEMED = ("/admin/", "/desk/")


class ThemedCSPMiddleware(CSPMiddleware):
    """The policy of the settings; the theme's Alpine evaluates strings, so its pages may."""

    def get_policy_parts(self, request, response, report_only=False):
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(THEMED):
            parts.update = {**(parts.update or {}), "script-src": [UNSAFE_EVAL]}
        return parts
