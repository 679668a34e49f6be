"""Responses to requests that fail outside of a view: in the envelope for the API, else as pages."""

from badges.api.envelope import is_api, malformed_request
from badges.desk import errors


def bad_request(request, exception):
    """Return the response to a request that Django refused before any view."""
    if is_api(request.path):
        return malformed_request()
    return errors.bad_request(request)
