"""The record is append-only for every program; a revocation is written once."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from badges.audit import guards
from badges.models import (
    BadgeRevision,
    EarnedBadge,
    Enrolment,
    RefusedItem,
    RequestLog,
    Seal,
)
from badges.services.record.seals import seal_all

pytestmark = pytest.mark.django_db
RECORD = [BadgeRevision, EarnedBadge, Enrolment, RefusedItem, RequestLog, Seal]


def run(sql):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.rowcount


@pytest.mark.parametrize("model", RECORD, ids=lambda model: model.__name__)
class TestEveryTable:
    def test_every_table_of_the_record_refuses_a_change_of_any_column(self, model, record):
        seal_all()
        table = model._meta.db_table
        for field in model._meta.concrete_fields:
            with pytest.raises(DatabaseError, match="append-only"):
                run(f"UPDATE {table} SET {field.column} = {field.column}")
        assert model.objects.exists()

    def test_every_table_of_the_record_refuses_to_delete(self, model, record):
        seal_all()
        before = model.objects.count()
        with pytest.raises(DatabaseError, match="append-only"):
            run(f"DELETE FROM {model._meta.db_table}")
        assert model.objects.count() == before > 0

    def test_every_table_of_the_record_refuses_to_be_emptied(self, model, record, needs_postgresql):
        seal_all()
        run("SET CONSTRAINTS ALL IMMEDIATE")  # or the test's own rows block it
        with pytest.raises(DatabaseError, match="append-only"):
            run(f"TRUNCATE {model._meta.db_table} CASCADE")
        assert model.objects.exists()


class TestRevocation:
    @pytest.fixture
    def active_badge(self, record):
        return EarnedBadge.objects.filter(revoked_at=None).first()

    def revoke(self, fact, **more):
        with transaction.atomic():
            return EarnedBadge.objects.filter(pk=fact.pk).update(
                revoked_at=timezone.now(), revocation_id=fact.request_id, **more
            )

    def test_a_revocation_is_written_once(self, active_badge):
        assert self.revoke(active_badge) == 1
        with pytest.raises(DatabaseError, match="append-only"):
            self.revoke(active_badge)

    def test_a_revocation_changes_nothing_else(self, active_badge):
        with pytest.raises(DatabaseError, match="append-only"):
            self.revoke(active_badge, customer_id=active_badge.customer_id + 1)
        active_badge.refresh_from_db()
        assert active_badge.revoked_at is None

    def test_a_revocation_cannot_be_removed(self, record):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            EarnedBadge.objects.filter(pk=record.pk).update(revoked_at=None, revocation_id=None)
        record.refresh_from_db()
        assert record.revoked_at is not None


def test_a_row_can_be_read_under_a_lock(record):
    with transaction.atomic():
        assert EarnedBadge.objects.select_for_update().count() == 3


def test_lifted_guards_are_reinstalled(record):
    with transaction.atomic(), guards.lifted():
        run(f"UPDATE {RefusedItem._meta.db_table} SET message = 'other'")
    with pytest.raises(DatabaseError, match="append-only"):
        run(f"UPDATE {RefusedItem._meta.db_table} SET message = 'again'")


def test_every_migrate_reinstalls_the_guards(record):
    guards.lift()
    call_command("migrate", verbosity=0)
    with pytest.raises(DatabaseError, match="append-only"):
        run(f"DELETE FROM {RequestLog._meta.db_table}")
