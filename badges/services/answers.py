"""Answers kept for an `Idempotency-Key`: given once, and given again to a repeat."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from badges.errors import BadgeError, ErrorCode
from badges.models import Integrator, StoredAnswer


@contextmanager
def answered_once(*, integrator: Integrator, key: str, fingerprint: str) -> Iterator[StoredAnswer]:
    """Run the block in one transaction with the answer of the key, saved or still to be kept.

    The answer is committed with what it tells of or not at all, and nobody with the same key is
    beside us. Raises BadgeError: 409 while a twin runs, 422 for a key of another request.
    """
    with transaction.atomic():
        if not StoredAnswer.objects.hold(integrator, key):
            raise BadgeError(ErrorCode.KEY_IN_USE)
        answer = StoredAnswer.objects.filter(integrator=integrator, key=key).first()
        if answer is not None and answer.fingerprint != fingerprint:
            raise BadgeError(ErrorCode.KEY_REUSED)
        yield answer or StoredAnswer(integrator=integrator, key=key, fingerprint=fingerprint)


def keep(answer: StoredAnswer, *, status: int, body: str) -> None:
    """Keep what was answered, in the block of `answered_once`, if it was accepted.

    Of a refusal only its row in the request log stays, of a failure nothing.
    """
    if status >= 500:
        transaction.set_rollback(True)
    elif status < 300:
        answer.status, answer.body = status, body
        answer.save(force_insert=True)
