"""The token endpoint of OAuth 2: the toolkit's, with a row for every token and every refusal."""

import json

from oauth2_provider.views import TokenView

from badges.api.authentication import client_id_of
from badges.models import Operation
from badges.services.access import refuse_integrator


class RecordedTokenView(TokenView):
    """Give an integrator a token; that is recorded where it is stored (`SecretsValidator`)."""

    def post(self, request, *args, **kwargs):
        answer = super().post(request, *args, **kwargs)
        if 400 <= answer.status_code < 500:
            refuse_integrator(
                Operation.ISSUE_TOKEN,
                client_id=client_id_of(request) or request.POST.get("client_id", ""),
                address=request.META.get("REMOTE_ADDR", ""),
                message=_error_of(answer),
            )
        return answer


def _error_of(answer) -> str:
    """Return the word of RFC 6749 for what was wrong."""
    return json.loads(answer.content).get("error", "")
