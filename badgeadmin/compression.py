"""Compression of pages in gzip."""

from django.middleware.gzip import GZipMiddleware
from django.urls import reverse


class PageCompressionMiddleware(GZipMiddleware):
    """Compress pages and the description of the API, but nothing that must not be transformed.

    Calls of the API are short, and exports are downloads, whose sizes and checksums are displayed.

    From the size of a compressed page, an attacker who chooses a part of it may guess another part
    (BREACH). Therefore pages that show a secret are marked with `no-transform` and are not
    compressed, the CSRF token is masked differently in each response, and Django adds up to 100
    random bytes to each.
    """

    def process_response(self, request, response):
        is_page = response.get("Content-Type", "").startswith("text/html")
        is_page = is_page or request.path == reverse("schema")
        if not is_page or "no-transform" in response.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)
