"""Who may log in to the demo, and the file under var/ that remembers the secrets."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection
from django.utils.crypto import get_random_string

from badges.models import BadgeMeta, Channel, Integrator, RequestLog
from badges.services.integrators import create_integrator
from badges.services.people import create_user
from badges.services.requests import Origin

INTEGRATOR = "demo-loyalty"
ROLES = {"membercare": "MemberCare", "supervisor": "Supervisor", "auditor": "Auditor"}
ADMIN = "admin"
PASSWORD_LENGTH = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIns:
    """The passwords by user name, and what an integrator authenticates with."""

    passwords: dict[str, str]
    client_id: str
    client_secret: str

    @staticmethod
    def file(client_id: str) -> Path:
        """Return the file of one demo: several databases may hold one each."""
        return settings.VAR_DIR / f"demo-log-ins-{client_id}.json"

    def keep(self) -> None:
        """Write the file, readable by its owner alone."""
        file = self.file(self.client_id)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as new:
            json.dump(asdict(self), new, indent=2)


def kept() -> LogIns | None:
    """Return the log-ins of the demo in this database, or None when there is none."""
    if Integrator._meta.db_table not in connection.introspection.table_names():
        return None
    client_ids = Integrator.objects.filter(name=INTEGRATOR).values_list("client_id", flat=True)
    for client_id in client_ids:
        file = LogIns.file(client_id)
        if file.exists():
            return LogIns(**json.loads(file.read_text()))
    return None


def is_empty() -> bool:
    """Whether the database holds nothing of anybody's; it may lack the tables."""
    tables = connection.introspection.table_names()
    return not any(
        model._meta.db_table in tables and model.objects.order_by().exists()
        for model in (User, Integrator, BadgeMeta, RequestLog)
    )


def make() -> LogIns:
    """Make a user for each role, an administrator and an integrator."""
    passwords = {name: get_random_string(PASSWORD_LENGTH) for name in [*ROLES, ADMIN]}
    origin = Origin(channel=Channel.COMMAND)
    rights = {name: {"groups": Group.objects.filter(name=role)} for name, role in ROLES.items()}
    rights[ADMIN] = {"is_superuser": True}
    for name, password in passwords.items():
        create_user(origin=origin, username=name, password=password, is_staff=True, **rights[name])
    integrator, secret = create_integrator(
        origin=origin,
        name=INTEGRATOR,
        access_groups=[Group.objects.get(name="Default")],
    )
    return LogIns(passwords=passwords, client_id=integrator.client_id, client_secret=secret)
