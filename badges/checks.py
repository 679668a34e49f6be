"""System checks of the settings, for configuration errors that would otherwise surface late.

`manage.py check` runs them, and so does `serve`. Each has an id, a message and a hint.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.checks import Error, Tags, Warning, register
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from badges.rate_limits import WORKERS
from badges.roles import ROLES
from badges.services.access.second_factor import SUPERUSER

# The permission bits of users other than the owner of a file.
OTHER_USERS = 0o077
MIN_TOKEN_LENGTH = 20
MIN_IDLE_TIMEOUT = 60  # seconds
LOG_FORMATS = ("json", "line")
# Rates, durations and counts, which cannot be negative.
NON_NEGATIVE_SETTINGS = (
    "API_CALLS_PER_SECOND",
    "UNAUTHENTICATED_CALLS_PER_MINUTE",
    "SIGN_IN_FAILURES_PER_MINUTE",
    "AUDIT_SEAL_SECONDS",
    "DATABASE_STATEMENT_TIMEOUT",
    "TRUSTED_PROXIES",
)


@register(Tags.security, deploy=True)
def check_files_are_private(app_configs, **kwargs) -> list[Warning]:
    """Warn of a VAR_DIR, and of SQLite files, that other users can open."""
    return [
        Warning(
            _("Other users of this machine can open %(path)s.") % {"path": path},
            hint=f"chmod go= {path}",
            id="badges.W001",
        )
        for path in _private_paths()
        if path.exists() and path.stat().st_mode & OTHER_USERS
    ]


@register(Tags.security)
def check_second_factor_roles(**kwargs):
    """Refuse an unknown role, for which no user would be required to have a second factor."""
    unknown = [role for role in settings.SECOND_FACTOR_FOR if role not in _existing_roles()]
    return [
        Error(
            f"SECOND_FACTOR_FOR contains {role!r}, which is neither a role nor an access group.",
            hint=f"Use {SUPERUSER} or one of: {', '.join(ROLES)}.",
            id="badges.E010",
        )
        for role in unknown
    ]


@register(Tags.files)
def check_folders(**kwargs):
    """Refuse key files and folders that the application can neither use nor create."""
    files = {name: Path(getattr(settings, name)) for name in ("AUDIT_SIGNING_KEY", "AUDIT_HEADS")}
    files["AUDIT_PSEUDONYM_KEY"] = Path(settings.AUDIT_PSEUDONYM_KEY)
    errors = [
        Error(
            f"The file of {name} cannot be read or created.",
            hint="Check the path, and the permissions of its folder.",
            id="badges.E002",
        )
        for name, file in files.items()
        if not _is_usable(file)
    ]
    if not _is_writable(Path(settings.MEDIA_ROOT)):
        errors.append(
            Error(
                "The folder of uploaded pictures cannot be written.",
                hint="Check VAR_DIR and the permissions of its folders.",
                id="badges.E003",
            )
        )
    return errors


@register(Tags.security)
def check_metrics_token(**kwargs):
    """Warn of a token for /metrics that can be guessed."""
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= MIN_TOKEN_LENGTH:
        return []
    return [
        Warning(
            f"METRICS_TOKEN has fewer than {MIN_TOKEN_LENGTH} characters.",
            hint="Create one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            id="badges.W004",
        )
    ]


@register(Tags.security)
def check_debug(**kwargs):
    """Refuse DEBUG behind TLS, because pages would show tracebacks to the public."""
    if not (settings.DEBUG and settings.HTTPS):
        return []
    return [
        Error(
            "DEBUG and HTTPS are both on: tracebacks would show secrets to the public.",
            hint="Set DEBUG=false.",
            id="badges.E005",
        )
    ]


@register(Tags.database)
def check_sqlite_workers(**kwargs):
    """Warn of several processes on SQLite, which has one writer at a time."""
    if connection.vendor != "sqlite" or int(os.environ.get(WORKERS, 1)) < 2:
        return []
    return [
        Warning(
            "Several worker processes share one SQLite database, which has one writer at a time.",
            hint="Serve with --workers 1, or use PostgreSQL.",
            id="badges.W006",
        )
    ]


@register()
def check_numbers(**kwargs):
    """Refuse numbers that are out of range."""
    errors = [
        Error(f"{name} is negative.", hint="Use 0 or a positive number.", id="badges.E007")
        for name in NON_NEGATIVE_SETTINGS
        if getattr(settings, name) < 0
    ]
    if settings.ORG_ID < 1:
        errors.append(
            Error("ORG_ID is not positive.", hint="Use 1 or a larger number.", id="badges.E007")
        )
    return errors


@register(Tags.security)
def check_session_lengths(**kwargs):
    """Refuse sessions that end while a form is filled in, and an idle timeout without effect."""
    idle, absolute = settings.SESSION_IDLE_TIMEOUT, settings.SESSION_ABSOLUTE_TIMEOUT
    if MIN_IDLE_TIMEOUT <= idle <= absolute:
        return []
    return [
        Error(
            f"SESSION_IDLE_TIMEOUT is {idle} and SESSION_ABSOLUTE_TIMEOUT is {absolute}.",
            hint=f"Use {MIN_IDLE_TIMEOUT} or more seconds, and an absolute timeout that is not less"
            " than the idle timeout.",
            id="badges.E011",
        )
    ]


@register()
def check_log_format(**kwargs):
    """Refuse an unknown log format."""
    if settings.LOG_FORMAT in LOG_FORMATS:
        return []
    return [
        Error(
            f"LOG_FORMAT is {settings.LOG_FORMAT!r}.",
            hint=f"Use one of: {', '.join(LOG_FORMATS)}.",
            id="badges.E008",
        )
    ]


@register(Tags.security)
def check_hosts(**kwargs):
    """Warn of a server that accepts every host name."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Warning(
            "ALLOWED_HOSTS contains '*': the server answers to every host name.",
            hint="List the host names of the server.",
            id="badges.W009",
        )
    ]


def _private_paths() -> Iterator[Path]:
    yield Path(settings.VAR_DIR)
    database = settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        name = str(database["NAME"])
        yield from (Path(f"{name}{suffix}") for suffix in ("", "-wal", "-shm"))


def _existing_roles() -> set[str]:
    """Return the roles, and the access groups if the database can be read."""
    roles = {SUPERUSER, *ROLES}
    try:
        return roles | set(Group.objects.values_list("name", flat=True))
    except DatabaseError:
        return roles


def _is_usable(file: Path) -> bool:
    return os.access(file, os.R_OK) if file.exists() else _is_writable(file.parent)


def _is_writable(folder: Path) -> bool:
    """Return whether a folder can be written, or created below its first existing parent."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
