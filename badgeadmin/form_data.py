"""Middleware that refuses form fields and query parameters that are not valid text."""

import logging

from django.core.exceptions import BadRequest
from django.db import DataError

from badgeadmin.errors import bad_request
from badges.api.envelope import TOKENS, is_api, reject_request
from badges.errors import ErrorCode
from badges.form_data import has_null_characters, has_utf_8_charset, is_utf_8

logger = logging.getLogger(__name__)


class ReadableFormMiddleware:
    """Returns 400 for form fields and parameters of pages that are not UTF-8 or contain NUL.

    The API returns 415 for another charset, as for another media type; its parser and the fields of
    its query parameters refuse invalid text, and name the parameter.

    A form reports NUL characters at its field. Without a form, the database refuses them; the
    exception that follows is then a fault of the request. The token endpoint refuses both itself,
    in the format of OAuth 2.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        path = request.path_info
        if is_api(path):
            if not has_utf_8_charset(request):
                message = "The charset of the Content-Type must be UTF-8, or left out."
                return reject_request(path, ErrorCode.MEDIA_TYPE_NOT_SUPPORTED, message)
        elif not path.startswith(TOKENS) and not is_utf_8(request):
            raise BadRequest("A form field or query parameter is not UTF-8.")
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, DataError | ValueError) and has_null_characters(request):
            logger.warning("NUL characters were sent, and no form refused them")
            return bad_request(request, exception)
        return None
