"""Sessions in the database, stored by a hash of their key, with an idle timeout and a limit.

A reader of the table therefore cannot sign in with a stored key. A session ends after
SESSION_IDLE_TIMEOUT seconds without a use, and at the latest SESSION_ABSOLUTE_TIMEOUT seconds after
the sign-in. Its row expires at that time, so the server enforces both for every kind of request.
Only the synchronous half of Django's store is overridden, because WSGI processes all requests.
"""

import hashlib
import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.core.exceptions import SuspiciousOperation
from django.utils import timezone

from badgeadmin.csp import THEMED
from badges import outages, shown_secrets

LENGTH = 40  # length of the column: 160 bits
STARTED_AT = "started_at"  # the name in the session of the time of the sign-in, in epoch seconds
# The row is written at most once in this part of the idle timeout, and not for every request.
WRITES_PER_TIMEOUT = 60


def stored_key(session_key: str) -> str:
    """Return the value in the table for the key in a cookie."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:LENGTH]


class SessionStore(db.SessionStore):
    expires_at: datetime | None = None  # of the stored row, once it is read

    def _get_session_from_db(self):
        try:
            stored = self.model.objects.get(
                session_key=stored_key(self.session_key),  # type: ignore[arg-type]  # is set
                expire_date__gt=timezone.now(),
            )
        except (self.model.DoesNotExist, SuspiciousOperation):
            self._session_key = None
            return None
        self.expires_at = stored.expire_date
        return stored

    def exists(self, session_key):
        return super().exists(stored_key(session_key))

    def restart(self) -> None:
        """Change the key and start the limit anew, because the user has just signed in."""
        self[STARTED_AT], self.expires_at = time.time(), None
        self.cycle_key()

    def create_model_instance(self, data):
        data.setdefault(STARTED_AT, time.time())
        instance = super().create_model_instance(data)
        instance.session_key = stored_key(self.session_key)  # type: ignore[arg-type]  # is set
        return instance

    def get_expiry_date(self, **kwargs) -> datetime:
        """Return when the session ends unless it is used again."""
        idle_end = timezone.now() + timedelta(seconds=settings.SESSION_IDLE_TIMEOUT)
        return min(idle_end, self.limit)

    @property
    def limit(self) -> datetime:
        """When the session ends even if it is used all the time."""
        started_at = datetime.fromtimestamp(self.get(STARTED_AT, time.time()), UTC)
        return started_at + timedelta(seconds=settings.SESSION_ABSOLUTE_TIMEOUT)

    @property
    def seconds_left(self) -> int:
        """The number of seconds until the session ends unless it is used again."""
        end = self.expires_at or self.get_expiry_date()
        return max(0, int((end - timezone.now()).total_seconds()))

    @property
    def seconds_to_limit(self) -> int:
        """The number of seconds until the session ends in any case."""
        return max(0, int((self.limit - timezone.now()).total_seconds()))

    def extend(self) -> None:
        """Postpone the end of a stored session that is in use."""
        if STARTED_AT not in self or self.expires_at is None:
            return
        end = self.get_expiry_date()
        pause = timedelta(seconds=settings.SESSION_IDLE_TIMEOUT / WRITES_PER_TIMEOUT)
        if abs(end - self.expires_at) < pause:
            return
        rows = self.model.objects.filter(
            session_key=stored_key(self.session_key),  # type: ignore[arg-type]  # is set
            expire_date__gt=timezone.now(),
        )
        rows.update(expire_date=end)
        self.expires_at = end

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


class SessionUseMiddleware:
    """Extends the session of a user who opens pages or types, but not that of a page that polls."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if self._is_used(request):
            request.session.extend()
            shown_secrets.remove_expired(request.session)
        return self.get_response(request)

    @staticmethod
    def _is_used(request) -> bool:
        """Return whether a request of the browser was caused by its user.

        A page that polls sends GET requests by htmx. The few other ones of this kind do not count,
        so that a new page cannot keep a session alive by mistake.
        """
        is_page = request.path_info.startswith(THEMED)
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        return is_page and has_session and not (request.htmx and request.method == "GET")
