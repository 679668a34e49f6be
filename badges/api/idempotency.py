"""The `Idempotency-Key` of a writing call: a repeat is answered as the first call was.

What draft-ietf-httpapi-idempotency-key-header asks for, beside the 809 of the contract.
"""

import re
from functools import partial

from django.http import HttpResponse
from rest_framework.exceptions import ValidationError

from badges.api import envelope
from badges.models import StoredAnswer
from badges.services.answers import answered_once, keep
from badges.services.requests import fingerprint

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
KEY = re.compile("[!-~]{1,255}")
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
WRITES = ("post", "put")


def key_of(header: str) -> str:
    """Return the key, written plainly or as the draft's quoted string. Raises ValidationError."""
    quoted = QUOTED.fullmatch(header)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header
    if not KEY.fullmatch(key):
        raise ValidationError({KEY_HEADER: ["Must be 1 to 255 visible ASCII characters."]})
    return key


class IdempotentWrites:
    """Lets the writing actions of a viewset run once for each key of an integrator."""

    def initial(self, request, *args, **kwargs):
        """Let the key speak once the caller is known and allowed, and only for writing."""
        super().initial(request, *args, **kwargs)
        method = request.method.lower()
        if method in WRITES and method in self.action_map and KEY_HEADER in request.headers:
            setattr(self, method, partial(self._once, getattr(self, method)))

    def _once(self, act, request, *args, **kwargs):
        """Answer the first call with what `act` does, and its repeats with the stored answer.

        The body is read before the transaction begins: nobody waits for a slow sender.
        """
        key = key_of(request.headers[KEY_HEADER])
        meant = fingerprint(
            method=request.method, address=request.get_full_path(), body=request.data
        )
        with answered_once(integrator=request.user, key=key, fingerprint=meant) as answer:
            if answer.pk:
                return _answer_of(answer, {REPLAYED_HEADER: "true"})
            try:
                response = act(request, *args, **kwargs)
            except Exception as exc:  # the refused row belongs to this transaction
                response = self.handle_exception(exc)
            keep(answer, status=response.status_code, body=envelope.encoded(response.data))
        return _answer_of(answer) if answer.pk else response


def _answer_of(answer: StoredAnswer, headers=None) -> HttpResponse:
    return HttpResponse(
        answer.body, content_type="application/json", status=answer.status, headers=headers
    )
