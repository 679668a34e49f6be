"""Expired rows are deleted once a day; other rows and the record stay."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from badges.models import RequestLog
from badges.services.record import expired
from tests.conftest import in_thread

DAY = timedelta(days=1)


@pytest.fixture
def rows(integrator):
    """Create an expired row and a valid one of each kind."""
    now = timezone.now()
    for name, moment in (("old", now - DAY), ("new", now + DAY)):
        Session.objects.create(session_key=name, session_data="", expire_date=moment)
        get_access_token_model().objects.create(
            application=integrator, token=name, expires=moment, scope="badges"
        )
        attempt = AccessAttempt.objects.create(
            username=name, ip_address="192.0.2.1", failures_since_start=1
        )
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=moment - DAY / 2)


def left():
    tokens = get_access_token_model().objects
    return [
        list(Session.objects.values_list("session_key", flat=True)),
        list(tokens.values_list("token", flat=True)),
        list(AccessAttempt.objects.values_list("username", flat=True)),
    ]


@pytest.mark.django_db
def test_expired_rows_are_removed_in_batches(rows, monkeypatch):
    monkeypatch.setattr(expired, "BATCH_SIZE", 1)
    old = timezone.now() - DAY
    Session.objects.bulk_create(
        Session(session_key=f"old {number}", session_data="", expire_date=old)
        for number in range(3)
    )

    assert expired.remove_expired() == 6
    assert left() == [["new"], ["new"], ["new"]]
    assert not RequestLog.objects.exists()
    assert expired.remove_expired() == 0


@pytest.mark.django_db(transaction=True)
def test_only_one_server_removes_expired_rows(needs_postgresql, rows):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [expired.LOCK])
        with ThreadPoolExecutor(1) as other:
            removed = other.submit(in_thread, expired.remove_expired).result(timeout=30)

    assert removed == 0
    assert expired.remove_expired() == 3
