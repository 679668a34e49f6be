"""The database role of the application can do its work, but cannot alter the record."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from badges.audit.verification import verify
from badges.models import EarnedBadge, RequestLog
from badges.services.customers.revoke import revoke_earned
from badges.services.record import summaries
from badges.services.record.seals import seal_all
from tests.factories import NOW

pytestmark = pytest.mark.django_db
ROLE = "badgeadmin_test"


@pytest.fixture
def as_the_role(needs_postgresql, record, capsys):
    """Switch to the role, which is rolled back with the transaction of the test."""
    call_command("grant_database_role", ROLE)
    assert f'CREATE ROLE "{ROLE}" LOGIN;' in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {ROLE}")
        yield cursor
        cursor.execute("RESET ROLE")


def test_the_database_role_can_run_the_application(as_the_role, earn, live_badge, desk_origin):
    fact = earn(live_badge)
    revoke_earned(
        badge_id=live_badge.pk,
        customer_id=fact.customer_id,
        earned_badge_id=fact.pk,
        origin=desk_origin,
        now=NOW,
    )
    summaries.catch_up()
    assert seal_all()
    assert [fault for checked in verify() for fault in checked.problems] == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE badges_requestlog SET reason = 'x'",
        "DELETE FROM badges_requestlog",
        "TRUNCATE badges_requestlog CASCADE",
        "UPDATE badges_earnedbadge SET customer_id = 1",
        "DELETE FROM badges_earnedbadge",
        "UPDATE badges_seal SET hash = 'x'",
        "UPDATE badges_sealsalts SET salts = ''",
        "ALTER TABLE badges_requestlog DISABLE TRIGGER ALL",
        "DROP TRIGGER badges_requestlog_keeps_update ON badges_requestlog",
        "SET session_replication_role = replica",
        "DELETE FROM django_migrations",
    ],
)
def test_the_database_role_cannot_alter_the_record(as_the_role, statement):
    refused = pytest.raises(DatabaseError, match=r"permission denied|must be owner")
    with refused, transaction.atomic():
        as_the_role.execute(statement)
    assert RequestLog.objects.exists()
    assert EarnedBadge.objects.exists()


def test_sqlite_has_no_roles(db):
    if connection.vendor == "sqlite":
        with pytest.raises(CommandError, match="SQLite has no roles"):
            call_command("grant_database_role", ROLE)
