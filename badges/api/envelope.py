"""The shape of every answer of the API: `data`, `errors`, `warnings` (design, 3.3)."""

import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from http import HTTPStatus

import msgspec
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
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

from badges.api.serializers.operations import OriginalOutput
from badges.api.serializers.shared import MISSING, missing_codes, wire_name
from badges.errors import BadgeError, ErrorCode

API = "/api_gateway/"
RETRY_AFTER_SECONDS = 1
# The database is away, full, or too slow: nothing was done, and it may be asked again.
OUT_OF_REACH = (OperationalError, InterfaceError)

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


def encoded(data) -> str:
    """Return an answer as the renderer writes it."""
    return encoder.encode(data).decode()


def done(data, warnings=()) -> dict:
    """Return the envelope of what was done."""
    return {"data": data, "errors": [], "warnings": list(warnings)}


def refused(errors: Iterable[dict]) -> dict:
    """Return the envelope of what was refused."""
    return {"data": None, "errors": list(errors), "warnings": None}


def success(data, warnings=(), status=HTTPStatus.OK) -> Response:
    """Return the answer of an operation that was done."""
    return Response(done(data, warnings), status)


def warning(code: ErrorCode) -> dict:
    """Return something to know about a call that was done."""
    return {"code": int(code), "message": str(code.message)}


def repeated(customer_ids: Sequence[int]) -> list[dict]:
    """Return the warning that a list names a customer twice, if it does."""
    if len(set(customer_ids)) == len(customer_ids):
        return []
    return [warning(ErrorCode.REPEATED_CUSTOMER)]


def failure(errors: list[dict], status: int, headers=None) -> Response:
    """Return the answer of an operation that was refused."""
    return Response(refused(errors), status, headers=headers)


def exception_handler(exc: Exception, context: dict) -> Response:
    """Turn whatever went wrong in an API view into the envelope.

    What nobody expected is logged with its traceback and answered with 999999, and nothing of it
    is told.
    """
    if isinstance(exc, BadgeError):
        return failure(
            [refusal(exc, context["view"])], exc.code.http_status, _when_to_retry(exc.code)
        )
    if isinstance(exc, OUT_OF_REACH):
        logger.exception("The database did not answer")
        return failure(
            [_error(ErrorCode.UNAVAILABLE)],
            ErrorCode.UNAVAILABLE.http_status,
            _when_to_retry(ErrorCode.UNAVAILABLE),
        )
    response = views.exception_handler(exc, context)
    if response is None:
        logger.error("Unexpected error", exc_info=exc)
        return failure([_error(ErrorCode.UNEXPECTED)], ErrorCode.UNEXPECTED.http_status)
    response.data = refused(_errors(exc, response.status_code, context["view"]))
    return response


def _when_to_retry(code: ErrorCode) -> dict[str, str]:
    if code in (ErrorCode.UNAVAILABLE, ErrorCode.KEY_IN_USE):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return {}


def _error(code: int, message=None, reference: str | None = None) -> dict:
    return {
        "code": int(code),
        "message": str(message or ErrorCode(code).message),
        "reference": reference,
    }


def refusal(exc: BadgeError, view) -> dict:
    """Return the error of a refusal, its field by the name the wire has for it."""
    error = _error(exc.code, exc.message, wire_name(view.input_class(), exc.field))
    if exc.original is not None:
        error["original"] = OriginalOutput(exc).data
    return error


def _errors(exc: Exception, status: int, view) -> Iterator[dict]:
    """Yield the errors of one of the framework's exceptions; a number of HTTP is their code."""
    if isinstance(exc, ValidationError):
        yield from invalid(exc.detail, missing_codes(view.input_class()))
    elif isinstance(exc, NotAuthenticated | AuthenticationFailed | PermissionDenied):
        yield _error(status)
    elif isinstance(exc, APIException):
        yield _error(status, exc.detail)
    else:  # Django's own Http404 and PermissionDenied
        yield _error(status, str(exc) or None)


def invalid(detail, missing=MISSING, path: str = "") -> Iterator[dict]:
    """Yield an error for each fault of the input, a missing field under its own code."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from invalid(inner, missing, _path(path, step))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            step = str(place) if isinstance(inner, dict) else ""
            yield from invalid(inner, missing, _path(path, step))
    elif detail.code in ("required", "null", "blank") and path in missing:
        for code, reference in missing[path]:
            yield _error(code, reference=reference)
    else:
        yield _error(ErrorCode.INVALID_INPUT, detail, path or None)


def _path(*steps: str) -> str:
    return ".".join(filter(None, steps))


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
    """Answer for a failure outside of any API view; called while it is handled."""
    if isinstance(sys.exception(), OUT_OF_REACH):
        return unable(request.path, ErrorCode.UNAVAILABLE)
    if _is_api(request):
        return _plain(_error(ErrorCode.UNEXPECTED), 500)
    return defaults.server_error(request)


def turned_away(path: str, status: int) -> HttpResponse:
    """Answer for a request that was not let in, which no middleware sees."""
    return _turned_away(API if path.startswith(API) else "", status)


@cache  # whoever is overrun has no time to say it in other words each time
def _turned_away(path: str, status: int) -> HttpResponse:
    with translation.override(settings.LANGUAGE_CODE):
        answer = unable(path, ErrorCode(status))
    answer["X-Content-Type-Options"], answer["X-Frame-Options"] = "nosniff", "DENY"
    return answer


def unable(path: str, code: ErrorCode) -> HttpResponse:
    """Say that nothing can be done now, on a page that needs no database."""
    if path.startswith(API):
        answer = _plain(_error(code), code.http_status)
    elif code == ErrorCode.UNAVAILABLE:
        answer = HttpResponse(render_to_string("503.html"), status=code.http_status)
    else:
        answer = HttpResponse(str(code.message), "text/plain", code.http_status)
    for name, value in _when_to_retry(code).items():
        answer[name] = value
    return answer


def _is_api(request) -> bool:
    return request.path.startswith(API)


def _plain(error: dict, status: int) -> HttpResponse:
    return HttpResponse(
        encoder.encode(refused([error])), content_type="application/json", status=status
    )
