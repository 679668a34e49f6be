"""The headers of every response, for responses that pass no middleware."""

from functools import cache
from io import BytesIO

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

OMITTED_HEADERS = ("Content-Type", "Content-Length")


@cache
def middleware_headers(path: str) -> tuple[tuple[str, str], ...]:
    """Return the headers that the middleware adds to a response below a path.

    The middleware itself handles an example request, so that its settings are in one place. If the
    deployment uses HTTPS, the request counts as one over HTTPS.
    """
    response = _Handler().get_response(_Request(path))
    return tuple(item for item in response.items() if item[0] not in OMITTED_HEADERS)


class _Handler(BaseHandler):
    """Django's handler with all middleware and an empty response instead of a view."""

    def __init__(self):
        self.load_middleware()

    def _get_response(self, request):
        return HttpResponse()


class _Request(WSGIRequest):
    """An example request to an allowed host."""

    def __init__(self, path: str):
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": path, "wsgi.input": BytesIO()}
        if settings.SECURE_PROXY_SSL_HEADER:
            name, value = settings.SECURE_PROXY_SSL_HEADER
            environ[name] = value
        super().__init__(environ)

    def get_host(self) -> str:
        return "localhost"
