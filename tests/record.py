"""A record worth sealing, and somebody who owns the database and wants it otherwise."""

from contextlib import contextmanager

import pytest
from django.db import connection

from badges.audit import guards
from badges.audit.verification import verify
from badges.models import Limit, LimitKind, LimitLevel, Owner
from badges.services import definitions
from badges.services.earn import earn_badges
from badges.services.enrol import enrol_customers
from badges.services.revoke import EnrolmentToRevoke, revoke_earned, revoke_enrolments
from tests.conftest import refused
from tests.factories import LOYALTY, NOW, BadgeMetaFactory

OTHER = Owner(LOYALTY.owner_type, "77")
ONCE = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)


def faults():
    """Verify everything and return what is wrong."""
    return [problem for checked in verify() for problem in checked.problems]


@pytest.fixture
def record(audit_files, earn, api_origin, desk_origin):
    """Every kind of sealed row: requests, a refused item, facts, a revocation and a revision."""
    once = BadgeMetaFactory(name="Once", claimed=True, limits=[ONCE])
    summer = BadgeMetaFactory(name="Summer", enrolled=True, claimed=True)
    held = earn(once, request_id="earn-held")
    with refused(2001):
        earn(once, request_id="earn-twice")
    call = {"origin": api_origin, "owner": LOYALTY, "now": NOW}
    ids = {"badge_id": once.pk, "customer_ids": [1001, 1002, 1003]}
    earn_badges(**call, **ids, request_id="list")
    enrol_customers(**call, badge_id=summer.pk, customer_ids=[7, 8], request_id="enrol")
    revoke_enrolments(
        badge_id=summer.pk, wanted=[EnrolmentToRevoke(7)], origin=desk_origin, now=NOW
    )
    definitions.claim_badge(origin=desk_origin, badge_id=once.pk, owner=OTHER, now=NOW)
    revoke_earned(
        badge_id=once.pk,
        customer_id=held.customer_id,
        earned_badge_id=held.pk,
        origin=desk_origin,
        now=NOW,
    )
    return held


@pytest.fixture
def as_owner(db):
    """Return a context in which rows are changed as the owner of the database can, unguarded."""

    @contextmanager
    def unguarded():
        guards.lift()
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET session_replication_role = replica")
            else:
                cursor.execute("PRAGMA ignore_check_constraints = 1")
            try:
                yield cursor
            finally:
                if connection.vendor == "postgresql":
                    cursor.execute("SET session_replication_role = DEFAULT")
                else:
                    cursor.execute("PRAGMA ignore_check_constraints = 0")
        guards.install()

    return unguarded
