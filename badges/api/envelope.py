"""The shape of every answer of the API: `data`, `errors`, `warnings` (design, 3.3)."""

import logging
from collections.abc import Iterator

import msgspec
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
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

from badges.api.serializers import MISSING, OriginalOutput, wire_name
from badges.errors import BadgeError, ErrorCode

RETRY_AFTER_SECONDS = 1

logger = logging.getLogger(__name__)
encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=str)


class AlwaysJSON(DefaultContentNegotiation):
    """There is one form of answer, whatever the client would rather have."""

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class EnvelopeRenderer(BaseRenderer):
    """JSON in UTF-8; a Decimal is written as a number with all its digits."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return encoder.encode(data)


def success(data, warnings=()) -> Response:
    """Return the answer of an operation that was done."""
    return Response({"data": data, "errors": [], "warnings": list(warnings)})


def failure(errors: list[dict], status: int, headers=None) -> Response:
    """Return the answer of an operation that was refused."""
    return Response({"data": None, "errors": errors, "warnings": None}, status, headers=headers)


def exception_handler(exc: Exception, context: dict) -> Response:
    """Turn whatever went wrong in an API view into the envelope.

    What nobody expected is logged with its traceback and answered with 999999, and nothing of it
    is told.
    """
    if isinstance(exc, BadgeError):
        return failure([_refusal(exc, context["view"])], exc.code.http_status)
    if isinstance(exc, OperationalError | InterfaceError):
        logger.exception("The database did not answer")
        return failure(
            [_error(ErrorCode.UNAVAILABLE)],
            ErrorCode.UNAVAILABLE.http_status,
            {"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    response = views.exception_handler(exc, context)
    if response is None:
        logger.error("Unexpected error", exc_info=exc)
        return failure([_error(ErrorCode.UNEXPECTED)], ErrorCode.UNEXPECTED.http_status)
    errors = list(_errors(exc, response.status_code))
    response.data = {"data": None, "errors": errors, "warnings": None}
    return response


def _error(code: int, message=None, reference: str | None = None) -> dict:
    return {
        "code": int(code),
        "message": str(message or ErrorCode(code).message),
        "reference": reference,
    }


def _refusal(refusal: BadgeError, view) -> dict:
    error = _error(refusal.code, refusal.message, wire_name(view.input_class(), refusal.field))
    if refusal.original is not None:
        error["original"] = OriginalOutput(refusal).data
    return error


def _errors(exc: Exception, status: int) -> Iterator[dict]:
    """Yield the errors of one of the framework's exceptions; a number of HTTP is their code."""
    if isinstance(exc, ValidationError):
        yield from _invalid(exc.detail)
    elif isinstance(exc, NotAuthenticated | AuthenticationFailed | PermissionDenied):
        yield _error(status)
    elif isinstance(exc, APIException):
        yield _error(status, exc.detail)
    else:  # Django's own Http404 and PermissionDenied
        yield _error(status, str(exc) or None)


def _invalid(detail, path: str = "") -> Iterator[dict]:
    """Yield an error for each fault of the input, a missing field under its own code."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from _invalid(inner, ".".join(filter(None, [path, step])))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _invalid(inner, path)
    elif detail.code in ("required", "null", "blank") and path in MISSING:
        for code, reference in MISSING[path]:
            yield _error(code, reference=reference)
    else:
        yield _error(ErrorCode.INVALID_INPUT, detail, path or None)


@csrf_exempt
def unknown_path(request, **kwargs) -> HttpResponse:
    """Answer for an address below the API that is none."""
    return _plain(_error(ErrorCode.NOT_FOUND, "There is nothing at this address."), 404)


def bad_request(request, exception) -> HttpResponse:
    """Answer for a request that Django itself refused before any view."""
    if _is_api(request):
        return _plain(_error(ErrorCode.INVALID_INPUT, "The request is malformed."), 400)
    return defaults.bad_request(request, exception)


def server_error(request) -> HttpResponse:
    """Answer for a failure outside of any API view."""
    if _is_api(request):
        return _plain(_error(ErrorCode.UNEXPECTED), 500)
    return defaults.server_error(request)


def _is_api(request) -> bool:
    return request.path.startswith("/api_gateway/")


def _plain(error: dict, status: int) -> HttpResponse:
    content = encoder.encode({"data": None, "errors": [error], "warnings": None})
    return HttpResponse(content, content_type="application/json", status=status)
