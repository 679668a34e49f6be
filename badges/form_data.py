"""The encoding of text in form fields and query parameters."""

from urllib.parse import unquote_to_bytes

from django.http import QueryDict

REPLACEMENT_CHARACTER = "\N{REPLACEMENT CHARACTER}"
MULTIPART = "multipart/form-data"
URL_ENCODED = "application/x-www-form-urlencoded"
FORMS = {URL_ENCODED, MULTIPART}
UTF_8 = {"utf-8", "utf8"}


def has_utf_8_charset(request) -> bool:
    """Return whether the Content-Type of a request names UTF-8 as its charset, or no charset."""
    return request.content_params.get("charset", "utf-8").lower() in UTF_8


def is_utf_8(request) -> bool:
    """Return whether every form field and query parameter of a request is UTF-8.

    Django replaces invalid bytes by replacement characters without an error, so the application
    would search for or save another text than the client sent.
    """
    if not has_utf_8_charset(request):
        return False
    if not _is_utf_8(request.META.get("QUERY_STRING", "").encode("latin-1", "replace")):
        return False
    if request.content_type == URL_ENCODED:
        return _is_utf_8(request.body)
    # Reading the raw body of a multipart form would keep an uploaded file in memory twice.
    return request.content_type != MULTIPART or not _contains(request.POST, REPLACEMENT_CHARACTER)


def has_null_characters(request) -> bool:
    """Return whether a form field or query parameter contains NUL, which PostgreSQL refuses."""
    return _contains(request.GET, "\0") or _contains(request.POST, "\0")


def _is_utf_8(encoded: bytes) -> bool:
    try:
        unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        return False
    return True


def _contains(fields: QueryDict, character: str) -> bool:
    return any(character in text for name, values in fields.lists() for text in (name, *values))
