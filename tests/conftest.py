"""Fixtures of all tests: a time, badges, users, integrators and origins."""

import itertools
import os
import resource
from contextlib import contextmanager

import hypothesis
import pytest
from django.utils import translation

from badges import rate_limits
from badges.api import credential_cache, throttling
from badges.errors import BadgeError
from badges.models import Channel, EarnedBadge
from badges.services.catalogue import definitions
from badges.services.earning.earn import earn_badge
from badges.services.request_log import Origin
from tests import factories
from tests.factories import NOW, BadgeMetaFactory, IntegratorFactory, UserFactory

pytest_plugins = ["tests.record"]

# The duration of an example depends on the machine, not on the correctness of the code.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")


def need(available: bool, reason: str) -> None:
    """Skip the test if a requirement is missing. In CI, where nothing may be missing, fail it."""
    if available:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"Needed in CI: {reason}")
    pytest.skip(reason)


def refused(code: int):
    """Expect a refusal with exactly this code."""
    return pytest.raises(BadgeError, check=lambda refusal: refusal.code == code)


def shown(row) -> dict[str, str]:
    """Return the form field with the version of the row that the form showed."""
    from badges.services.versions import version_of

    return {"seen_version": version_of(row)}


@contextmanager
def no_long_files(size=1_000):
    """Limit the size of files for this process, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def in_thread(call):
    """Run a function, and close the connection of its thread afterwards."""
    from django.db import connection

    try:
        return call()
    finally:
        connection.close()


@pytest.fixture
def needs_postgresql(db):
    """Skip the test on other databases than PostgreSQL."""
    from django.db import connection

    if connection.vendor != "postgresql" and "CI_DATABASE_URL" in os.environ:
        pytest.skip("the gate's other run is on PostgreSQL")
    need(connection.vendor == "postgresql", "DATABASE_URL does not name a PostgreSQL database")


@pytest.fixture
def needs_session(needs_postgresql):
    """Skip the test if a pooler is between the test and its PostgreSQL session."""
    from django.db import connection

    from badges.database import is_pooled

    connection.ensure_connection()
    if is_pooled(connection.connection):
        pytest.skip("DATABASE_URL leads through a connection pooler")


@pytest.fixture(autouse=True)
def no_private_value_is_revealed():
    """Fail every test that reveals a marked secret or customer."""
    from tests import marked

    marked.found.clear()
    yield
    assert not marked.found


@pytest.fixture(autouse=True)
def empty_caches():
    """Clear the caches of definitions and callers, and the rate limits, before each test."""
    definitions._cache.clear()
    credential_cache._cache.clear()
    throttling.calls.forget()
    throttling.unauthenticated.forget()
    rate_limits.sign_ins.forget()


@pytest.fixture(autouse=True)
def default_language():
    """Reset the language after each test."""
    yield
    translation.deactivate()


@pytest.fixture
def audit_files(settings, tmp_path):
    """Return a new directory for the published seals and the keys of this test."""
    settings.AUDIT_HEADS = tmp_path / "audit" / "heads.jsonl"
    settings.AUDIT_SIGNING_KEY = tmp_path / "audit" / "signing-key.pem"
    settings.AUDIT_PSEUDONYM_KEY = tmp_path / "audit" / "pseudonym.key"
    return tmp_path / "audit"


@pytest.fixture
def unguarded(db):
    """Lift the guards, so that a test may set the times of rows. They return after the test."""
    from badges.audit import guards

    guards.lift()


@pytest.fixture
def now():
    """Return the time that tests pass to services and rules as `now`."""
    return NOW


@pytest.fixture
def live_badge(db):
    """Return a live direct badge without limits, claimed by LOYALTY."""
    return BadgeMetaFactory(name="Welcome", claimed=True)


@pytest.fixture
def enrolled_badge(db):
    """Return a live badge that needs an enrolment, claimed by LOYALTY, without enrolments."""
    return BadgeMetaFactory(name="Summer", enrolled=True, claimed=True)


@pytest.fixture
def integrator(db):
    """Return an integrator with the secret SECRET and the access group Default."""
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
    """Return the origin of a call by the integrator through the API."""
    return Origin(channel=Channel.API, integrator=integrator, content='{"requestId": "2132"}')


@pytest.fixture
def desk_origin(member_care):
    """Return the origin of an action by a MemberCare user at the desk."""
    return Origin(channel=Channel.MEMBERCARE, user=member_care, reason="Called in")


@pytest.fixture
def earn_arguments(api_origin):
    """Return a function that makes the arguments of a valid earn at NOW through the API."""
    numbers = itertools.count(1)

    def arguments(badge, **given):
        usual = factories.earn_arguments(badge, api_origin, request_id=f"earn-{next(numbers)}")
        return usual | given

    return arguments


@pytest.fixture
def earn(earn_arguments):
    """Return a function that earns a badge with the arguments of `earn_arguments`."""

    def ask(badge, **given):
        return EarnedBadge.objects.get(pk=earn_badge(**earn_arguments(badge, **given)).pk)

    return ask
