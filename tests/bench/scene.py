"""The data that a benchmark needs: an integrator, and badges of each kind.

    DATABASE_URL=postgres:///bench python -m tests.bench.scene

creates them and prints their ids as JSON.
"""

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.servers import BY_HTTPS, PROJECT, environment

BADGES = 100
OWNER = ("Loyalty", "123694")
# Limits that no benchmark reaches.
PLENTY = 1_000_000_000
ENROLLED = 200_000

ENROL = """
INSERT INTO badges_enrolment (id, customer_id, event_at, expires_at, owner_type, reference_id,
    enrolled_at, badge_id, request_id)
SELECT lpad(to_hex(n), 24, '0'), n, '2025-01-01', '2090-01-01', 'Loyalty', '123694', now(), %s, %s
FROM generate_series(1, %s) AS n
"""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Ids of badges by kind, and the Authorization header of the caller."""

    authorization: str
    plain: list[str]
    enrolled: str
    each_limited: str
    all_limited: str
    hot: str


def prepared() -> Scene:
    """Migrate the database of Django's settings and fill it through the services."""
    from django.db import connection

    from badges.models import Limit, LimitKind, LimitLevel, Unit

    authorization, origin = caller()
    each = Limit(LimitLevel.CUSTOMER, LimitKind.ROLLING_WINDOW, PLENTY, Unit.DAYS, 30)
    everybody = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, PLENTY)
    scene = Scene(
        authorization=authorization,
        plain=[badge(origin) for _number in range(BADGES)],
        enrolled=badge(origin, earn_type="ISSUE_EARN", enrolment_expiry_kind="NEVER"),
        each_limited=badge(origin, limits=[each]),
        all_limited=badge(origin, limits=[everybody]),
        hot=badge(origin),
    )
    if connection.vendor == "postgresql":
        _enrol(scene.enrolled)
    return scene


def prepared_in(url: str, directory: Path) -> Scene:
    """Migrate and fill another database, in a new process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scene"],
        env=environment(url, directory),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    return Scene(**json.loads(done.stdout))


def caller() -> tuple:
    """Migrate. Return the Authorization header of a new integrator, and the origin of badges."""
    from django.contrib.auth.models import Group
    from django.core.management import call_command

    from badges.models import Channel
    from badges.services.access.integrators import create_integrator
    from badges.services.request_log import Origin

    call_command("migrate", interactive=False, verbosity=0)
    origin = Origin(channel=Channel.COMMAND)
    integrator, secret = create_integrator(
        origin=origin, name="bench", access_groups=[Group.objects.get(name="Default")]
    )
    pair = base64.b64encode(f"{integrator.client_id}:{secret}".encode()).decode()
    return f"Basic {pair}", origin


def badge(origin, limits=(), **values) -> str:
    """Create a live badge, claimed by OWNER. Return its id."""
    from badges.models import Owner
    from badges.services.catalogue.definitions import BadgeDraft, claim_badge, create_badge

    now = datetime.now(UTC)
    usual = {
        "name": f"Bench {now.timestamp()}",
        "description": "Made to be measured",
        "earn_type": "EARN",
        "active": True,
        "starts_at": datetime(2025, 1, 1, tzinfo=UTC),
        "expires_at": now + timedelta(days=3650),
        "earned_expiry_kind": "NEVER",
    }
    draft = BadgeDraft(values=usual | values, owners=[OWNER[0]], limits=limits)
    made = create_badge(origin=origin, draft=draft, now=now)
    claim_badge(origin=origin, badge_id=made.pk, owner=Owner(*OWNER), now=now)
    return made.pk


def _enrol(badge_id: str) -> None:
    from django.db import connection

    from badges.models import RequestLog

    with connection.cursor() as cursor:
        cursor.execute(ENROL, [badge_id, RequestLog.objects.latest("pk").pk, ENROLLED])
        cursor.execute("VACUUM ANALYZE")


def check(url: str, scene: Scene) -> None:
    """Check that a server answers these earns correctly before its speed is measured."""
    caller = {"Authorization": scene.authorization}
    plain = scene.plain[0]
    expected = [
        ((caller, {"requestId": "check-1"}), (200, None)),
        ((caller, {"requestId": "check-1"}), (400, 809)),
        ((caller, {"requestId": "check-2"}), (200, None)),
        ((caller, {"requestId": "check-2", "customerId": 8}), (400, 809)),
        ((caller, {"requestId": "check-3", "badgeMetaId": "f" * 24}), (404, 404)),
        ((caller, {"requestId": "check-4", "earnEventDate": "2024-12-31T23:59:59Z"}), (400, 816)),
        ((caller, {"requestId": "check-5", "badgeMetaId": scene.enrolled}), (409, 811)),
        ((caller, {"requestId": "check-6", "triggeredBy": None}), (400, 716)),
        (({"Authorization": "Basic Yjpi"}, {"requestId": "check-7"}), (401, 401)),
    ]
    for (headers, changes), answer in expected:
        usual = {"badgeMetaId": plain, "customerId": 2**40}
        found = earn(url, headers, usual | changes)
        if found != answer:
            raise RuntimeError(f"{changes} was answered with {found}, not with {answer}")


def earn(url: str, headers: dict, changes: dict) -> tuple[int, int | None]:
    """Send one earn. Return the status and the first code of the response."""
    owner_type, reference_id = OWNER
    body = {
        "earnEventDate": "2026-01-15T10:00:00Z",
        "triggeredBy": {"ownerType": owner_type, "referenceId": reference_id},
    } | changes
    request = urllib.request.Request(
        url, json.dumps(body).encode(), headers | BY_HTTPS | {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, None
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())["errors"][0]["code"]


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(asdict(prepared())))  # noqa: T201
