"""The users of the demo, and the file in VAR_DIR that stores their passwords."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection
from django.utils.crypto import get_random_string

from badges.files import whole_file
from badges.models import BadgeMeta, Channel, Integrator, RequestLog
from badges.services.access.integrators import create_integrator
from badges.services.access.people import UserValues, create_user
from badges.services.request_log import Origin

INTEGRATOR = "demo-loyalty"
ROLES = {"membercare": "MemberCare", "supervisor": "Supervisor", "auditor": "Auditor"}
ADMIN = "admin"
PASSWORD_LENGTH = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIns:
    """The passwords by user name, and the credentials of an integrator."""

    passwords: dict[str, str]
    client_id: str
    client_secret: str

    @staticmethod
    def file(client_id: str) -> Path:
        """Return the file of one demo; several databases may contain one each."""
        return settings.VAR_DIR / f"demo-log-ins-{client_id}.json"

    def write_file(self) -> None:
        """Write the file, readable only by its owner."""
        file = self.file(self.client_id)
        with whole_file(file, replace=True) as new:
            new.write(json.dumps(asdict(self), indent=2).encode())


def stored_log_ins() -> LogIns | None:
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
    """Return whether the database has no users, integrators, badges and requests.

    Its tables may be missing.
    """
    tables = connection.introspection.table_names()
    return not any(
        model._meta.db_table in tables and model.objects.order_by().exists()
        for model in (User, Integrator, BadgeMeta, RequestLog)
    )


def make() -> LogIns:
    """Create a user for each role, an administrator and an integrator."""
    passwords = {name: get_random_string(PASSWORD_LENGTH) for name in [*ROLES, ADMIN]}
    origin = Origin(channel=Channel.COMMAND)
    rights: dict[str, UserValues] = {
        name: {"groups": Group.objects.filter(name=role)} for name, role in ROLES.items()
    }
    rights[ADMIN] = {"is_superuser": True}
    for name, password in passwords.items():
        values: UserValues = {"is_staff": True, **rights[name]}
        create_user(origin=origin, username=name, password=password, **values)
    integrator, secret = create_integrator(
        origin=origin,
        name=INTEGRATOR,
        access_groups=[Group.objects.get(name="Default")],
    )
    return LogIns(passwords=passwords, client_id=integrator.client_id, client_secret=secret)
