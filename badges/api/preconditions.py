"""`ETag` and `If-Match` (RFC 9110, 8.8.3 and 13.1.1), which prevent lost updates."""

import re

from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from badges.services.versions import version_of

IF_MATCH_HEADER = "If-Match"
TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
# Between two tags a comma is always matched first, so a malformed header takes linear time.
TAGS = re.compile(rf"[\s,]*{TAG.pattern}(?:\s*,[\s,]*{TAG.pattern})*[\s,]*")


def expected_versions(request) -> set[str] | None:
    """Return the versions that `If-Match` accepts, or None if it accepts every version.

    A weak tag matches no version, because the comparison is strong. Raises ValidationError for a
    malformed header: ignoring it would allow a change that the client wanted to prevent.
    """
    header = request.headers.get(IF_MATCH_HEADER)
    if header is None or header.strip() == "*":
        return None
    if not TAGS.fullmatch(header):
        message = 'Must be * or entity tags in double quotes, such as "3".'
        raise ValidationError({IF_MATCH_HEADER: [message]})
    return {tag for weak, tag in TAG.findall(header) if not weak}


def with_etag(response: Response, row) -> Response:
    """Return the response with the version of the row as its `ETag`."""
    response["ETag"] = f'"{version_of(row)}"'
    return response
