"""The token endpoint of OAuth 2: the toolkit's, with a row for every token and every refusal."""

import json
import math
from http import HTTPStatus

from django.http import JsonResponse
from oauth2_provider.views import TokenView

from badges.api import pace
from badges.api.authentication import client_id_of
from badges.models import Operation
from badges.services.access import refuse_integrator


class RecordedTokenView(TokenView):
    """Give an integrator a token; that is recorded where it is stored (`SecretsValidator`)."""

    def post(self, request, *args, **kwargs):
        answer = super().post(request, *args, **kwargs)
        if 400 <= answer.status_code < 500:
            address = request.META.get("REMOTE_ADDR", "")
            if seconds := pace.unproved.wait(address):
                return JsonResponse(
                    {"error": "slow_down"},
                    status=HTTPStatus.TOO_MANY_REQUESTS,
                    headers={"Retry-After": str(math.ceil(seconds))},
                )
            refuse_integrator(
                Operation.ISSUE_TOKEN,
                client_id=client_id_of(request) or request.POST.get("client_id", ""),
                address=address,
                message=_error_of(answer),
            )
        return answer


def _error_of(answer) -> str:
    """Return the word of RFC 6749 for what was wrong."""
    return json.loads(answer.content).get("error", "")
