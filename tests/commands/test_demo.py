"""The demo fills an empty database once, keeps its log-ins, and refuses a foreign database."""

import json
import re
import stat
from base64 import b64encode
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import Max, Min
from django.utils import timezone

from badges.management.demo import events
from badges.models import (
    BadgeMeta,
    Channel,
    CustomerNote,
    EarnedBadge,
    EarnType,
    Enrolment,
    Operation,
    RequestLog,
    RequestOutcome,
    SavedFilter,
    StatedReason,
    Status,
)
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_demo(settings, monkeypatch, tmp_path):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(events, "EARNS", 1_000)


def demo():
    stdout = StringIO()
    call_command("demo", no_serve=True, stdout=stdout)
    return stdout.getvalue()


def counts():
    return {model: model.objects.count() for model in apps.get_models()}


def test_the_demo_has_both_earn_types_every_status_and_every_channel():
    demo()

    now = timezone.now()
    badges = BadgeMeta.objects.with_parts()
    assert {badge.earn_type for badge in badges} == set(EarnType.values)
    assert {badge.definition().status(now) for badge in badges} == set(Status)
    assert badges.filter(active=False).exists()
    assert Enrolment.objects.exists()
    assert EarnedBadge.objects.filter(earned_at__gt=now).count() == 0
    channels = set(RequestLog.objects.values_list("channel", flat=True))
    assert channels == {Channel.API, Channel.MEMBERCARE, Channel.COMMAND}


def test_the_demo_has_many_kinds_of_refusals():
    demo()

    refused = RequestLog.objects.filter(outcome=RequestOutcome.REFUSED)
    codes = set(refused.values_list("code", flat=True))
    assert codes >= {404, 750, 809, 810, 811, 815, 816, 2001}


def test_the_demo_tells_one_story():
    """F29: badges and claims exist before their earns, and refusals concern many customers."""
    demo()

    badges = BadgeMeta.objects.annotate(
        first_earn=Min("earnedbadge__earned_at"), last_claim=Max("claims__created_at")
    )
    assert all(badge.created_at < badge.last_claim for badge in badges)
    assert all(badge.last_claim < badge.first_earn for badge in badges if badge.first_earn)
    refused = RequestLog.objects.filter(outcome=RequestOutcome.REFUSED, operation=Operation.EARN)
    assert refused.values("customer_id").distinct().count() > refused.count() / 4


def test_the_demo_has_notes_reasons_case_numbers_and_shared_views():
    """F29."""
    demo()

    assert CustomerNote.objects.values("customer_id").distinct().count() > 1
    reasons = StatedReason.objects.filter(reason__isnull=False)
    assert set(reasons.values_list("reason__name", flat=True)) == {
        *("Goodwill", "Technical fault", "Purchase not tracked", "Other")
    }
    assert reasons.filter(case_number__startswith="MC-").exists()
    assert SavedFilter.objects.filter(shared=True).exists()


def test_the_demo_is_idempotent_and_prints_the_same_log_ins():
    first, before = demo(), counts()

    second = demo()

    assert counts() == before
    assert "exists already" in second
    assert second.partition("\n\n")[2] == first.partition("\n\n")[2]


def test_the_printed_log_ins_of_the_demo_work_and_are_private(client, tmp_path):
    printed = demo()

    for user in User.objects.all():
        password = re.search(rf"^  {user.username} +(\S+)$", printed, re.MULTILINE)[1]
        client.post("/admin/login/", {"username": user.username, "password": password})
        assert client.session["_auth_user_id"] == str(user.pk)
        client.logout()
    (file,) = tmp_path.glob("demo-log-ins-*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_printed_request_of_the_demo_earns_a_badge(client):
    printed = demo()
    before = EarnedBadge.objects.count()
    pair = re.search(r"-u '(.*?)'", printed)[1]
    url = re.search(r"http://127\.0\.0\.1:8000(/api_gateway\S+)", printed)[1]
    body = re.search(r"-d '(.*)'", printed, re.DOTALL)[1].replace("'$(date +%s)'", "1795376998")

    response = client.post(
        url,
        json.loads(body),
        content_type="application/json",
        headers={"Authorization": "Basic " + b64encode(pair.encode()).decode()},
    )

    assert response.status_code == 200, response.content
    assert response.json()["data"]["customerId"] == events.FIRST_CUSTOMER
    assert EarnedBadge.objects.count() == before + 1


def test_the_demo_refuses_a_database_with_other_badges():
    BadgeMetaFactory(name="Theirs")
    before = counts()

    with pytest.raises(CommandError, match="requires an empty database"):
        demo()

    assert counts() == before


def test_the_demo_refuses_to_run_without_its_log_ins(tmp_path):
    demo()
    before = counts()
    for file in tmp_path.glob("demo-log-ins-*.json"):
        file.unlink()

    with pytest.raises(CommandError, match="has no log-ins"):
        demo()

    assert counts() == before
