"""Responses stored for an `Idempotency-Key`, so that a repeated request gets the same response."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from badges.errors import BadgeError, ErrorCode
from badges.models import Integrator, StoredAnswer


@contextmanager
def answer_once(*, integrator: Integrator, key: str, fingerprint: str) -> Iterator[StoredAnswer]:
    """Run the block in one transaction with the stored response of the key, or a new unsaved one.

    The response is committed together with the effects of the request, and a lock keeps out other
    requests with this key. Raises BadgeError: 409 while another request with this key runs, 422 if
    the key was used for a different request.
    """
    with transaction.atomic():
        if not StoredAnswer.objects.try_lock(integrator, key):
            raise BadgeError(ErrorCode.KEY_IN_USE)
        answer = StoredAnswer.objects.filter(integrator=integrator, key=key).first()
        if answer is not None and answer.fingerprint != fingerprint:
            raise BadgeError(ErrorCode.KEY_REUSED)
        yield answer or StoredAnswer(integrator=integrator, key=key, fingerprint=fingerprint)


def store_answer(answer: StoredAnswer, *, status: int, body: str) -> None:
    """Store the response of an accepted request (2xx); call it in the block of `answer_once`.

    A refusal commits only its row in the request log; a failure (5xx) rolls everything back.
    """
    if status >= 500:
        transaction.set_rollback(True)
    elif status < 300:
        answer.status, answer.body = status, body
        answer.save(force_insert=True)
