"""What every test may ask for: a moment, badges, the people and integrators of each door."""

import itertools
import os

import pytest
from django.utils import translation

from badges.api import callers, pace
from badges.errors import BadgeError
from badges.models import Channel, EarnedBadge
from badges.services import definitions
from badges.services.earn import earn_badge
from badges.services.requests import Origin
from tests.factories import (
    CUSTOMER,
    LOYALTY,
    NOW,
    BadgeMetaFactory,
    IntegratorFactory,
    UserFactory,
)

pytest_plugins = ["tests.record"]


def need(available: bool, reason: str) -> None:
    """Skip a test whose means are not here; where everything has to be here (CI), fail it."""
    if available:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"Needed in CI: {reason}")
    pytest.skip(reason)


def refused(code: int):
    """Expect a refusal with this code and no other."""
    return pytest.raises(BadgeError, check=lambda refusal: refusal.code == code)


def in_thread(call):
    """Run a call on a connection of its own."""
    from django.db import connection

    try:
        return call()
    finally:
        connection.close()


@pytest.fixture
def needs_postgresql(db):
    """For tests of what PostgreSQL alone does."""
    from django.db import connection

    if connection.vendor != "postgresql" and "CI_DATABASE_URL" in os.environ:
        pytest.skip("the gate's other run is on PostgreSQL")
    need(connection.vendor == "postgresql", "DATABASE_URL does not name a PostgreSQL database")


@pytest.fixture(autouse=True)
def nothing_marked_is_told():
    """Let no test pass in which a secret or a customer went where it must not."""
    from tests import marked

    marked.found.clear()
    yield
    assert not marked.found


@pytest.fixture(autouse=True)
def nothing_known():
    """Let no test know the definitions and callers of another, nor how often it called."""
    definitions._known.clear()
    callers._known.clear()
    pace.calls.forget()
    pace.unproved.forget()


@pytest.fixture(autouse=True)
def nobodys_language():
    """Let no test go on in the language of a page that another one asked for."""
    yield
    translation.deactivate()


@pytest.fixture
def audit_files(settings, tmp_path):
    """Where seals are published and signed, for this test alone."""
    settings.AUDIT_HEADS = tmp_path / "audit" / "heads.jsonl"
    settings.AUDIT_SIGNING_KEY = tmp_path / "audit" / "signing-key.pem"
    settings.AUDIT_PSEUDONYM_KEY = tmp_path / "audit" / "pseudonym.key"
    return tmp_path / "audit"


@pytest.fixture
def unguarded(db):
    """Let a test say when things happened; the guards are up again when it ends."""
    from badges.audit import guards

    guards.lift()


@pytest.fixture
def now():
    """A moment for services and rules, which take the clock as an argument."""
    return NOW


@pytest.fixture
def live_badge(db):
    """A live direct badge without limits, claimed by LOYALTY."""
    return BadgeMetaFactory(name="Welcome", claimed=True)


@pytest.fixture
def enrolled_badge(db):
    """A live badge that needs an enrolment, claimed by LOYALTY; nobody is enrolled."""
    return BadgeMetaFactory(name="Summer", enrolled=True, claimed=True)


@pytest.fixture
def integrator(db):
    """An integrator with the secret SECRET and the access group Default."""
    return IntegratorFactory(name="Loyalty engine", client_id="loyalty-engine")


@pytest.fixture
def member_care(db):
    return UserFactory(username="maria", role="MemberCare")


@pytest.fixture
def supervisor(db):
    return UserFactory(username="simon", role="Supervisor")


@pytest.fixture
def auditor(db):
    return UserFactory(username="anna", role="Auditor")


@pytest.fixture
def api_origin(integrator):
    """A call of the integrator through the API."""
    return Origin(channel=Channel.API, integrator=integrator, content='{"requestId": "2132"}')


@pytest.fixture
def desk_origin(member_care):
    """A click of MemberCare at the desk."""
    return Origin(channel=Channel.MEMBERCARE, user=member_care, reason="Called in")


@pytest.fixture
def earn(api_origin):
    """Ask for a badge at NOW through the API; whatever is not given is as it should be."""
    numbers = itertools.count(1)

    def ask(badge, **given):
        usual = {
            "origin": api_origin,
            "request_id": f"earn-{next(numbers)}",
            "customer_id": CUSTOMER,
            "badge_id": badge.pk,
            "owner": LOYALTY,
            "now": NOW,
        }
        return EarnedBadge.objects.get(pk=earn_badge(**(usual | given)).pk)

    return ask
