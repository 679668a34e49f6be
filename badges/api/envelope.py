"""The envelope of every response of the API: `data`, `errors`, `warnings` (CONTRACT.md, 5.3)."""

import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from http import HTTPStatus

import msgspec
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import views
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    NotAuthenticated,
    PermissionDenied,
    ValidationError,
)
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from badges import outages
from badges.api.response_headers import middleware_headers
from badges.api.serializers.operations import OriginalOutput
from badges.api.serializers.shared import MISSING, missing_codes, wire_name
from badges.errors import BadgeError, ErrorCode

API = "/api_gateway/"
TOKENS = "/o/"
# Path prefixes whose responses differ in format or in headers.
PATH_PREFIXES = (API, TOKENS, "/admin/", "/desk/")

logger = logging.getLogger(__name__)
encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=str)


class AlwaysJSON(DefaultContentNegotiation):
    """Content negotiation that always selects JSON and ignores the Accept header."""

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class EnvelopeRenderer(BaseRenderer):
    """Renderer of JSON in UTF-8, which writes a Decimal as a number with all its digits."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return encoder.encode(data)


def encode(data) -> str:
    """Return data as the JSON text that the renderer writes."""
    return encoder.encode(data).decode()


def success_envelope(data, warnings=()) -> dict:
    """Return the envelope of a success."""
    return {"data": data, "errors": [], "warnings": list(warnings)}


def failure_envelope(errors: Iterable[dict]) -> dict:
    """Return the envelope of a refusal."""
    return {"data": None, "errors": list(errors), "warnings": None}


def success(data, warnings=(), status=HTTPStatus.OK) -> Response:
    """Return the response to a successful operation."""
    return Response(success_envelope(data, warnings), status)


def warning(code: ErrorCode) -> dict:
    """Return a warning about an accepted call as a whole."""
    return {"code": int(code), "message": str(code.message)}


def repeated_customer_warnings(customer_ids: Sequence[int]) -> list[dict]:
    """Return a list with a warning if a customer id is repeated, else an empty list."""
    if len(set(customer_ids)) == len(customer_ids):
        return []
    return [warning(ErrorCode.REPEATED_CUSTOMER)]


def failure(errors: list[dict], status: int, headers=None) -> Response:
    """Return the response to a refused operation."""
    return Response(failure_envelope(errors), status, headers=headers)


def exception_handler(exc: Exception, context: dict) -> Response:
    """Return the envelope for an exception in an API view.

    An unexpected exception is logged with its traceback. Its response has code 999999 and no
    details.
    """
    if isinstance(exc, BadgeError):
        return failure(
            [refusal_error(exc, context["view"], context["view"].input_data)],
            exc.code.http_status,
            _retry_headers(exc.code),
        )
    if outages.notice(exc):
        logger.error("The service cannot do this now", exc_info=exc)
        return failure(
            [_error(ErrorCode.UNAVAILABLE)],
            ErrorCode.UNAVAILABLE.http_status,
            _retry_headers(ErrorCode.UNAVAILABLE),
        )
    response = views.exception_handler(exc, context)
    if response is None:
        logger.error("Unexpected error", exc_info=exc)
        return failure([_error(ErrorCode.UNEXPECTED)], ErrorCode.UNEXPECTED.http_status)
    response.data = failure_envelope(_errors(exc, response.status_code, context["view"]))
    return response


def _retry_headers(code: ErrorCode) -> dict[str, str]:
    if code in (ErrorCode.UNAVAILABLE, ErrorCode.KEY_IN_USE):
        return {"Retry-After": str(outages.RETRY_AFTER_SECONDS)}
    return {}


def _error(code: int, message=None, reference: str | None = None) -> dict:
    return {
        "code": int(code),
        "message": str(message or ErrorCode(code).message),  # type: ignore[call-arg]  # by value
        "reference": reference,
    }


def refusal_error(exc: BadgeError, view, sent) -> dict:
    """Return the error of a refusal, with the field name that the client sent."""
    error = _error(exc.code, exc.message, wire_name(view.input_class(), exc, sent))
    if exc.original is not None:
        error["original"] = OriginalOutput(exc).data
    return error


def _errors(exc: Exception, status: int, view) -> Iterator[dict]:
    """Yield the errors of a DRF or Django exception; by default their code is the HTTP status."""
    if isinstance(exc, ValidationError):
        yield from input_errors(exc.detail, missing_codes(view.input_class()))
    elif isinstance(exc, NotAuthenticated | AuthenticationFailed | PermissionDenied):
        yield _error(status)
    elif isinstance(exc, APIException):
        yield _error(status, exc.detail)
    else:  # Django's own Http404 and PermissionDenied
        yield _error(status, str(exc) or None)


def input_errors(detail, missing=MISSING, path: str = "") -> Iterator[dict]:
    """Yield an error for each invalid field; a missing field has a code of its own."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from input_errors(inner, missing, _path(path, step))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            step = str(index) if isinstance(inner, dict) else ""
            yield from input_errors(inner, missing, _path(path, step))
    elif detail.code in ("required", "null", "blank") and path in missing:
        for code, reference in missing[path]:
            yield _error(code, reference=reference)
    else:
        yield _error(ErrorCode.INVALID_INPUT, detail, path or None)


def _path(*steps: str) -> str:
    return ".".join(filter(None, steps))


@csrf_exempt
def unknown_path(request, **kwargs) -> HttpResponse:
    """Return 404 for a path below the API that matches no endpoint."""
    return _plain(_error(ErrorCode.NOT_FOUND, "No such endpoint."), 404)


def malformed_request() -> HttpResponse:
    """Return the response to a request of the API that Django refused before any view."""
    return _plain(_error(ErrorCode.INVALID_INPUT, "The request is malformed."), 400)


def server_error(request) -> HttpResponse:
    """Return the response to an exception outside of API views, which is still being handled."""
    if outages.notice(sys.exception()):
        return unavailable(request.path, ErrorCode.UNAVAILABLE)
    if is_api(request.path):
        return _plain(_error(ErrorCode.UNEXPECTED), 500)
    return defaults.server_error(request)


@cache
def malformed_body(status: HTTPStatus) -> HttpResponse:
    """Return the response to bytes that are not a valid HTTP/1.1 request."""
    if status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
        message = "The request has too many headers, or too long ones."
    else:
        message = "This is not a valid request of HTTP/1.1."
    return _with_all_headers(_plain(_error(status, message), status), API)


def rejection(path: str, code: ErrorCode) -> HttpResponse:
    """Return the response to a request that the server rejects before any middleware."""
    return _rejection(next(filter(path.startswith, PATH_PREFIXES), "/"), code)


@cache  # an overloaded server has no time to render the response for each request
def _rejection(path: str, code: ErrorCode) -> HttpResponse:
    with translation.override(settings.LANGUAGE_CODE):
        return _with_all_headers(unavailable(path, code), path)


def _with_all_headers(response: HttpResponse, path: str) -> HttpResponse:
    """Add the headers that the middleware would have added to the response."""
    for name, value in middleware_headers(path):
        response[name] = value
    response["Content-Length"] = str(len(response.content))
    return response


def reject_request(
    path: str, code: ErrorCode, message: str, reference: str | None = None
) -> HttpResponse:
    """Return the refusal of a request before any view, in the format of its path."""
    if is_api(path):
        return _plain(_error(code, message, reference), code.http_status)
    if path.startswith(TOKENS):
        return JsonResponse(
            {"error": "invalid_request", "error_description": message}, status=code.http_status
        )
    return HttpResponse(message, "text/plain", code.http_status)


def unavailable(path: str, code: ErrorCode) -> HttpResponse:
    """Return the response to a request that cannot be served now, without any query."""
    if is_api(path):
        response = _plain(_error(code), code.http_status)
    elif path.startswith(TOKENS):  # the format of RFC 6749
        response = JsonResponse({"error": "temporarily_unavailable"}, status=code.http_status)
    elif code == ErrorCode.UNAVAILABLE:
        response = HttpResponse(render_to_string("503.html"), status=code.http_status)
    else:
        response = HttpResponse(str(code.message), "text/plain", code.http_status)
    for name, value in _retry_headers(code).items():
        response[name] = value
    return response


def is_api(path: str) -> bool:
    """Return whether a path belongs to the API, which responds with the envelope."""
    return path.startswith(API)


def _plain(error: dict, status: int) -> HttpResponse:
    return HttpResponse(
        encoder.encode(failure_envelope([error])), content_type="application/json", status=status
    )
