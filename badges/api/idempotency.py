"""The `Idempotency-Key` of a writing call: a repeat gets the response to the first call.

This implements draft-ietf-httpapi-idempotency-key-header, besides error 809 of the contract.
"""

import re
from functools import partial

from django.http import HttpResponse
from rest_framework.exceptions import ValidationError

from badges.api import envelope
from badges.models import StoredAnswer
from badges.services.idempotency import answer_once, store_answer
from badges.services.request_log import fingerprint

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
KEY = re.compile("[!-~]{1,255}")
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
WRITES = ("post", "put")


def parse_key(header: str) -> str:
    """Return the key of a plain header or of a quoted string. Raises ValidationError."""
    quoted = QUOTED.fullmatch(header)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header
    if not KEY.fullmatch(key):
        raise ValidationError({KEY_HEADER: ["Must be 1 to 255 visible ASCII characters."]})
    return key


class IdempotentWrites:
    """Runs the writing actions of a viewset once for each key of an integrator."""

    def initial(self, request, *args, **kwargs):
        """Apply the key after the checks of authentication and rights, only to writing actions."""
        super().initial(request, *args, **kwargs)
        method = request.method.lower()
        if method in WRITES and method in self.action_map and KEY_HEADER in request.headers:
            setattr(self, method, partial(self._run_once, getattr(self, method)))

    def _run_once(self, handler, request, *args, **kwargs):
        """Return the response of `handler` to the first call, and the stored response to a repeat.

        The body is read before the transaction begins, so that a slow client delays no other call.
        """
        key = parse_key(request.headers[KEY_HEADER])
        request_fingerprint = fingerprint(
            method=request.method, address=request.get_full_path(), body=request.data
        )
        with answer_once(
            integrator=request.user, key=key, fingerprint=request_fingerprint
        ) as stored:
            if stored.pk:
                return _stored_response(stored, {REPLAYED_HEADER: "true"})
            try:
                response = handler(request, *args, **kwargs)
            except Exception as exc:  # the row of the refusal belongs to this transaction
                response = self.handle_exception(exc)
            store_answer(stored, status=response.status_code, body=envelope.encode(response.data))
        return _stored_response(stored) if stored.pk else response


def _stored_response(stored: StoredAnswer, headers=None) -> HttpResponse:
    return HttpResponse(
        stored.body, content_type="application/json", status=stored.status, headers=headers
    )
