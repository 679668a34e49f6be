"""Password hashing that leaves most slots of a worker to other requests.

A password hash is slow on purpose: it uses a processor, and the slot of its request, for a large
part of a second. Without a limit, unauthenticated clients could occupy every slot of a worker.
"""

from threading import BoundedSemaphore

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from badges.errors import BusyError

_slots = BoundedSemaphore(max(1, settings.MAX_CONCURRENT_REQUESTS // 4))


class LimitedPBKDF2PasswordHasher(PBKDF2PasswordHasher):
    """PBKDF2 that runs in at most a quarter of the concurrent requests of a process.

    Verifying a password calls `encode` as well, so the limit applies to every use.
    """

    def encode(self, password, salt, iterations=None):
        """Hash the password. Raises BusyError, without waiting, if too many hashes are running."""
        if not _slots.acquire(blocking=False):
            raise BusyError
        try:
            return super().encode(password, salt, iterations)
        finally:
            _slots.release()
