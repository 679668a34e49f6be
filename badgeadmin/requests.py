"""Django's requests, without failures on invalid headers before any view."""

from django.core.exceptions import BadRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.functional import cached_property
from django.utils.http import parse_header_parameters

# Exceptions of Python's codecs and header parser for a parameter such as `charset*=undefined''%41`.
UNREADABLE = (LookupError, ValueError)


class Request(WSGIRequest):
    """A request that is decoded as UTF-8, regardless of the charset in its Content-Type.

    Django would decode the query string with any codec of Python, and fail in the constructor if
    the codec is not for text. Here the charset is a parameter like any other, which
    `badges.form_data` refuses if it is not UTF-8.
    """

    def _set_content_type_params(self, meta):
        content_type = meta.get("CONTENT_TYPE", "")
        try:
            self.content_type, self.content_params = parse_header_parameters(content_type)
        except UNREADABLE:
            self.content_type = content_type.partition(";")[0].strip().lower()
            self.content_params = {"charset": "unknown"}

    @cached_property
    def accepted_types(self):
        try:
            return super().accepted_types
        except UNREADABLE as error:
            raise BadRequest("The header Accept cannot be read.") from error


class Handler(WSGIHandler):
    """Django's WSGI application with this request class."""

    request_class = Request
