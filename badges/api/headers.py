"""Refuse requests whose headers cannot be read exactly."""

from collections.abc import Mapping

from badges.api import envelope
from badges.errors import ErrorCode

# The headers that the product reads, besides those that begin with X-CAP-, by their names in the
# WSGI environment. Other headers are not checked, nor are Cookie, Referer and User-Agent, because
# browsers fill these with data of other sites.
CHECKED_HEADERS = frozenset(
    {
        *("CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE"),
        *("HTTP_AUTHORIZATION", "HTTP_CONTENT_ENCODING", "HTTP_HOST", "HTTP_IDEMPOTENCY_KEY"),
        *("HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH"),
        *("HTTP_IF_UNMODIFIED_SINCE", "HTTP_ORIGIN", "HTTP_RANGE", "HTTP_TRANSFER_ENCODING"),
        *(
            "HTTP_SEC_FETCH_MODE",
            "HTTP_X_CSRFTOKEN",
            "HTTP_X_FORWARDED_FOR",
            "HTTP_X_FORWARDED_PROTO",
        ),
        *("HTTP_HX_BOOSTED", "HTTP_HX_CURRENT_URL", "HTTP_HX_PROMPT", "HTTP_HX_REQUEST"),
        *("HTTP_HX_TARGET", "HTTP_HX_TRIGGER", "HTTP_HX_TRIGGER_NAME"),
    }
)
CHECKED_PREFIX = "HTTP_X_CAP_"
PLAIN_ENCODINGS = ("", "identity")


def unreadable_header(environ: Mapping) -> str | None:
    """Return the name of the first header that the product reads and that is not ASCII, or None.

    Ignoring such a header, or guessing its encoding, would change the meaning of the request.
    """
    for key, value in environ.items():
        if not isinstance(value, str) or value.isascii():
            continue
        if key in CHECKED_HEADERS or key.startswith(CHECKED_PREFIX):
            name = key.removeprefix("HTTP_").replace("_", "-")
            return name if key.startswith(CHECKED_PREFIX) else name.title()
    return None


class RequestHeadersMiddleware:
    """Refuses requests with unreadable headers, and bodies with a Content-Encoding."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if name := unreadable_header(request.META):
            message = f"The header {name} cannot be read: it must be ASCII."
            return envelope.reject_request(
                request.path, ErrorCode.INVALID_INPUT, message, reference=name
            )
        if request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in PLAIN_ENCODINGS:
            message = "The body must be sent as it is, without a Content-Encoding."
            return envelope.reject_request(
                request.path, ErrorCode.MEDIA_TYPE_NOT_SUPPORTED, message
            )
        return self.get_response(request)
