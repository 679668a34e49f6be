"""Sessions in the database, stored by a hash of their key.

A reader of the table therefore cannot sign in with a stored key. Only the synchronous half of
Django's store is overridden, because WSGI processes all requests.
"""

import hashlib

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.core.exceptions import SuspiciousOperation
from django.utils import timezone

from badges import outages

LENGTH = 40  # length of the column: 160 bits


def stored_key(session_key: str) -> str:
    """Return the value in the table for the key in a cookie."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:LENGTH]


class SessionStore(db.SessionStore):
    def _get_session_from_db(self):
        try:
            return self.model.objects.get(
                session_key=stored_key(self.session_key),  # type: ignore[arg-type]  # is set
                expire_date__gt=timezone.now(),
            )
        except (self.model.DoesNotExist, SuspiciousOperation):
            self._session_key = None

    def exists(self, session_key):
        return super().exists(stored_key(session_key))

    def create_model_instance(self, data):
        instance = super().create_model_instance(data)
        instance.session_key = stored_key(self.session_key)  # type: ignore[arg-type]  # is set
        return instance

    def save(self, must_create=False):
        """Save as Django does, but distinguish an unavailable database from a deleted session."""
        try:
            super().save(must_create)
        except UpdateError as error:
            cause = error.__context__
            if cause is not None and outages.is_temporary(cause):
                raise cause  # noqa: B904 - it has its own cause
            raise

    def delete(self, session_key=None):
        key = session_key or self.session_key
        if key is not None:
            super().delete(stored_key(key))
