"""Health checks: whether the server responds, and whether its database accepts writes."""

import os
from pathlib import Path

from django.db import Error, connection
from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from badges import outages


@require_safe
@never_cache
def ready(request):
    """Return 200 if the database accepts writes, else 503; public, so it reveals nothing more."""
    try:
        database = "up" if _is_writable() else "read-only"
    except Error:
        database = "down"
    if database == "up":
        return JsonResponse({"status": "up", "database": database})
    outages.discard_connection()
    retry = {"Retry-After": str(outages.RETRY_AFTER_SECONDS)}
    return JsonResponse({"status": "down", "database": database}, status=503, headers=retry)


def _is_writable() -> bool:
    """Return whether the database accepts writes; a standby, or a read-only disk, does not."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW transaction_read_only")
            return cursor.fetchone() == ("off",)
        cursor.execute("SELECT 1")
    file = Path(connection.settings_dict["NAME"])
    in_memory: bool = connection.is_in_memory_db()  # type: ignore[attr-defined]  # of SQLite
    return in_memory or all(os.access(path, os.W_OK) for path in (file, file.parent))


@require_safe
@never_cache
def live(request):
    """Return 200 while the server responds at all; a server that does not has to be restarted.

    The database is not queried, because restarting the server would not repair it.
    """
    return JsonResponse({"status": "up"})
