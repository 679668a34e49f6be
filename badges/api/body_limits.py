"""The maximum size of a request body before its sender is authenticated."""

import re

from django.conf import settings

from badges.api import envelope
from badges.api.authentication import is_plausible

# A session cookie with a key in the form that Django generates.
SESSION = re.compile(rf"(?:^|[;\s]){settings.SESSION_COOKIE_NAME}=[0-9a-z]{{32}}(?:[;\s]|$)")


def body_limit(environ: dict) -> int:
    """Return the maximum number of bytes of a body: few if its credentials cannot be valid.

    The form of a token request is always small.
    """
    path = environ["PATH_INFO"]
    if path.startswith(envelope.TOKENS):
        return settings.SMALL_BODY
    if envelope.is_api(path):
        may_be_valid = is_plausible(environ.get("HTTP_AUTHORIZATION", ""))
    else:
        may_be_valid = SESSION.search(environ.get("HTTP_COOKIE", "")) is not None
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE if may_be_valid else settings.SMALL_BODY
