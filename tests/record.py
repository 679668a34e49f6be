"""A record with all kinds of rows, and a function to alter it as the owner of the database."""

import os
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

import pytest
from django.db import connection

from badges.audit import guards, heads
from badges.audit.chain import BEFORE_THE_FIRST, SALT_SIZE, hash_of, pack_leaves, range_of
from badges.audit.check_export import WHOLE, leaf_hash, root_of
from badges.audit.leaves import rows_of
from badges.audit.verification import verify
from badges.models import (
    IssueReason,
    Limit,
    LimitKind,
    LimitLevel,
    Owner,
    RequestLog,
    Seal,
    SealSalts,
)
from badges.services.catalogue import definitions
from badges.services.customers.enrol import enrol_customers
from badges.services.customers.revoke import EnrolmentToRevoke, revoke_earned, revoke_enrolments
from badges.services.earning.earn import earn_badges
from tests.conftest import refused
from tests.factories import LOYALTY, NOW, BadgeMetaFactory

OTHER = Owner(LOYALTY.owner_type, "77")
ONCE = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)


def faults():
    """Verify everything and return the problems."""
    return [problem for checked in verify() for problem in checked.problems]


def seal_with_whole_leaves():
    """Create the next seal in the format before leaves were split: one hash per row."""
    before, last = Seal.objects.newest(), RequestLog.objects.latest("pk").pk
    seal = Seal(
        number=before.number + 1 if before else 1,
        previous=before.hash if before else BEFORE_THE_FIRST,
        after_request=before.last_request if before else 0,
        last_request=last,
        sealed_at=NOW,
        version=WHOLE,
    )
    rows = [(key, row) for key, (row,) in rows_of(*range_of(seal), WHOLE)]
    salts = [os.urandom(SALT_SIZE) for _row in rows]
    hashes = [leaf_hash(salt, row) for salt, (_key, row) in zip(salts, rows, strict=True)]
    seal.rows = len(rows)
    seal.leaves = pack_leaves(zip((key for key, _row in rows), hashes, strict=True))
    seal.root = root_of(hashes).hex()
    seal.digest = sha256(b"".join(salts) + b"".join(row for _key, row in rows)).hexdigest()
    seal.hash = hash_of(seal)
    seal.save(force_insert=True)
    SealSalts.objects.create(seal=seal, salts=b"".join(salts))
    heads.publish(seal, [])


def replaced():
    """Verify everything. Return the number of rows that each erasure replaced, by its request."""
    return sum((checked.replaced for checked in verify()), Counter())


@pytest.fixture
def record(audit_files, earn, api_origin, desk_origin):
    """Create every kind of sealed row: requests, their refusals, facts and reasons, a revision."""
    once = BadgeMetaFactory(name="Once", claimed=True, limits=[ONCE])
    summer = BadgeMetaFactory(name="Summer", enrolled=True, claimed=True)
    because = IssueReason.objects.create(name="Kindness", rank=1)
    held = earn(once, request_id="earn-held")
    with refused(2001):
        earn(once, request_id="earn-twice")
    call = {"origin": api_origin, "owner": LOYALTY, "now": NOW}
    ids = {"badge_id": once.pk, "customer_ids": [1001, 1002, 1003]}
    earn_badges(**call, **ids, request_id="list")
    enrol_customers(**call, badge_id=summer.pk, customer_ids=[7, 8], request_id="enrol")
    revoke_enrolments(
        badge_id=summer.pk, enrolments=[EnrolmentToRevoke(7)], origin=desk_origin, now=NOW
    )
    definitions.claim_badge(origin=desk_origin, badge_id=once.pk, owner=OTHER, now=NOW)
    revoke_earned(
        badge_id=once.pk,
        customer_id=held.customer_id,
        earned_badge_id=held.pk,
        origin=replace(desk_origin, because=because.pk, case_number="CASE-7"),
        now=NOW,
    )
    return held


@pytest.fixture
def as_owner(db):
    """Return a context in which rows can be changed without guards, as by the database owner."""

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
