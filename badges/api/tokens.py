"""The OAuth 2 token endpoint of the toolkit, with a log of every token and every refusal."""

import json
import math
from http import HTTPStatus

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import JsonResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from oauth2_provider.views import TokenView

from badges.api import throttling
from badges.api.authentication import claimed_client_id
from badges.client_address import client_address
from badges.form_data import FORMS, URL_ENCODED, has_null_characters, is_utf_8
from badges.models import Operation
from badges.services.access.sign_in import refuse_integrator

GRANT_TYPE = "client_credentials"
PARAMETERS = {"grant_type", "client_id", "client_secret", "scope"}


class RecordedTokenView(TokenView):
    """Token endpoint that logs refusals; `SecretsValidator` logs the tokens."""

    def post(self, request, *args, **kwargs):
        response = _refuse_invalid(request) or super().post(request, *args, **kwargs)
        response["Content-Type"] = "application/json"  # the toolkit omits it in some errors
        if 400 <= response.status_code < 500:
            if seconds := throttling.wait_unauthenticated(request):
                return JsonResponse(
                    {"error": "slow_down"},
                    status=HTTPStatus.TOO_MANY_REQUESTS,
                    headers={"Retry-After": str(math.ceil(seconds))},
                )
            refuse_integrator(
                Operation.ISSUE_TOKEN,
                client_id=claimed_client_id(request) or request.POST.get("client_id", ""),
                address=client_address(request.META),
                message=_error_code(response),
            )
        return response


def _refuse_invalid(request) -> JsonResponse | None:
    """Return the refusal of a request that the toolkit must not handle, or None.

    Only the known parameters remain in the request. A parameter without a value counts as omitted,
    unknown ones are ignored, and none may be repeated (RFC 6749, 3.2).
    """
    if request.content_type and request.content_type not in FORMS:
        return _invalid(f"Send the parameters as a form, {URL_ENCODED}.")
    try:
        readable = is_utf_8(request) and not has_null_characters(request)
    except (BadRequest, SuspiciousOperation, MultiPartParserError):
        readable = False
    if not readable:
        request.POST = QueryDict()
        return _invalid("The parameters are not readable UTF-8 text.")
    if PARAMETERS & request.GET.keys():
        return _invalid("Send the parameters in the body, not in the address.")
    parameters = _non_empty(request.POST)
    repeated = sorted(name for name, values in parameters.lists() if len(values) > 1)
    if repeated:
        return _invalid(f"Given more than once: {', '.join(repeated)}.")
    for name in parameters.keys() - PARAMETERS:
        del parameters[name]
    request.POST = parameters
    request.META["QUERY_STRING"] = ""  # the toolkit would also read it
    return _refuse_grant_type(request.POST.get("grant_type"))


def _refuse_grant_type(grant_type: str | None) -> JsonResponse | None:
    if grant_type is None:
        return _invalid("The parameter grant_type is missing.")
    if grant_type != GRANT_TYPE:
        return _error("unsupported_grant_type", f"The only grant type here is {GRANT_TYPE}.")
    return None


def _non_empty(submitted: QueryDict) -> QueryDict:
    """Return the parameters that have a value."""
    parameters = QueryDict(mutable=True)
    for name, values in submitted.lists():
        if non_empty := [value for value in values if value.strip()]:
            parameters.setlist(name, non_empty)
    return parameters


def _invalid(description: str) -> JsonResponse:
    return _error("invalid_request", description)


def _error(error: str, description: str) -> JsonResponse:
    return JsonResponse(
        {"error": error, "error_description": description},
        status=HTTPStatus.BAD_REQUEST,
        headers={"Cache-Control": "no-store"},
    )


def _error_code(response) -> str:
    """Return the RFC 6749 error code of a response."""
    return json.loads(response.content).get("error", "")
