"""Is it alive, and is it ready: does it reach its database?"""

from django.conf import settings
from django.db import Error, connection
from django.db.backends.signals import connection_created
from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

PATIENCE = "badges.health"  # what Django knows the limits by
LIMIT = """
SELECT set_config('statement_timeout', %(patience)s, false),
    set_config('idle_in_transaction_session_timeout', %(patience)s, false)
"""


@require_safe
@never_cache
def ready(request):
    """Answer 200 when the database answers, else 503; open to everybody, it tells nothing else."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"status": "down", "database": "down"}, status=503)
    return JsonResponse({"status": "up", "database": "up"})


@require_safe
@never_cache
def live(request):
    """Answer 200 as long as requests are answered at all: a server that does not is started anew.

    Without a look at the database: to start the server anew would not bring that back.
    """
    return JsonResponse({"status": "up"})


def limit_patience() -> None:
    """Let no statement of this process, and no transaction without one, hold a request for ever.

    For the server alone: commands may take as long as they need.
    """
    connection_created.connect(_limit, dispatch_uid=PATIENCE)


def _limit(sender, connection, **kwargs) -> None:
    if connection.vendor != "postgresql":  # SQLite waits as long as its `timeout` says
        return
    with connection.cursor() as cursor:
        cursor.execute(LIMIT, {"patience": f"{settings.DATABASE_PATIENCE}s"})
