"""Thousands of badges, claims, integrators, groups, fields, users, limits and counts around the
measured rows.
"""

from datetime import timedelta

CLAIMS_OF_ONE = 1_000
AT_ONCE = 5_000
COUNTED = 300  # badges and integrators that have counts on every day, and badges that have limits
DAYS = 92

# Counts and limits as the services would write them, in numbers that differ by row and by day.
COUNTS = [
    """
    INSERT INTO badges_badgecount (day, badge_id, enrolled, issued, revoked)
    SELECT current_date - back, id, 0, 1 + (number * 7 + back * 13) % 40, 0
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM badges_badgemeta
        WHERE name LIKE 'Crowd %' ORDER BY id LIMIT {counted}) AS crowd,
        generate_series(0, {days} - 1) AS back
    """,
    """
    INSERT INTO badges_actorcount (day, integrator_id, user_id, requests, refused)
    SELECT current_date - back, id, 0, 50 + number % 50, (number * 7 + back * 13) % 40
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM badges_integrator
        WHERE name LIKE 'Crowd %' ORDER BY id LIMIT {counted}) AS crowd,
        generate_series(0, {days} - 1) AS back
    """,
    """
    INSERT INTO badges_dailycount
        (day, channel, operation, code, badge_id, integrator_id, requests, customers)
    SELECT current_date - back, 'API', 'EARN', code, badge_id, id, 5, 5
    FROM (SELECT id FROM badges_integrator WHERE name LIKE 'Crowd %'
        ORDER BY id LIMIT {counted}) AS crowd, generate_series(0, {days} - 1) AS back,
        unnest(ARRAY[0, 815]) AS code, unnest(ARRAY['', '{claimed}']) AS badge_id
    """,
    """
    INSERT INTO badges_earnlimit (badge_id, level, kind, max_earns, unit, length)
    SELECT id, 'BADGE', kind, 1000, unit, length
    FROM (SELECT id FROM badges_badgemeta WHERE name LIKE 'Crowd %'
        ORDER BY expires_at DESC LIMIT {counted}) AS crowd,
        (VALUES ('FIXED_VALUE', '', NULL), ('FIXED_WINDOW', 'MONTHS', 1))
            AS kinds (kind, unit, length)
    """,
    """
    INSERT INTO badges_earntally (badge_id, day, by_event_day, by_earned_day, in_all)
    SELECT DISTINCT badge_id, current_date - back, 5, 5, 0
    FROM badges_earnlimit, generate_series(0, {days} - 1) AS back
    WHERE kind = 'FIXED_WINDOW'
    """,
]


def fill(badges: int, others: int, *, claimed: str, claims: int = CLAIMS_OF_ONE) -> None:
    """Create `badges` badges, `others` rows of each other kind, and `claims` claims on `claimed`.

    Half of the badges are live, a few of them for the next days only; a quarter has expired and a
    quarter has not begun. Some badges have limits, and some badges and integrators have counts on
    every day. The rows bypass the services, which would take hours.
    """
    from django.contrib.auth.models import Group, User
    from django.db import connection

    from badges.models import (
        BadgeGroup,
        BadgeMeta,
        Claim,
        CustomField,
        GroupKey,
        Integrator,
        UserKey,
    )
    from badges.services.access import account_keys

    _make(BadgeMeta, map(_badge, range(badges)))
    _make(Claim, (_claim(claimed, number) for number in range(claims)))
    _make(Integrator, map(_integrator, range(others)))
    _make(BadgeGroup, (BadgeGroup(name=f"Crowd {n:06}", rank=n) for n in range(others)))
    _make(CustomField, (_field(CustomField, n) for n in range(others)))
    _make(User, (User(username=f"background-{n:06}", is_staff=True) for n in range(others)))
    _make(Group, (Group(name=f"Crowd {n:06}") for n in range(others)))
    account_keys.store_keys([UserKey(user=user) for user in User.objects.all()])
    account_keys.store_keys([GroupKey(group=group) for group in Group.objects.all()])
    with connection.cursor() as cursor:
        for statement in COUNTS:
            cursor.execute(statement.format(counted=COUNTED, days=DAYS, claimed=claimed))


def _make(model, rows) -> None:
    model.objects.bulk_create(list(rows), batch_size=AT_ONCE)


def _badge(number: int):
    from django.utils import timezone

    from badges.models import BadgeMeta

    begins, ends = [(-30, 2), (-30, 300), (-300, -40), (30, 300)][number % 4]
    spread = timedelta(minutes=number)
    now = timezone.now()
    return BadgeMeta(
        name=f"Crowd {number:06}",
        earn_type="EARN",
        starts_at=now + timedelta(days=begins) - spread,
        expires_at=now + timedelta(days=ends) + (spread if ends > 2 else timedelta()),
        earned_expiry_kind="NEVER",
    )


def _claim(badge_id: str, number: int):
    from badges.models import Claim

    return Claim(
        badge_id=badge_id, owner_type="Referral_Campaigns", reference_id=f"background-{number:06}"
    )


def _integrator(number: int):
    from badges.models import Integrator

    return Integrator(
        name=f"Crowd {number:06}",
        client_id=f"background-{number:06}",
        client_secret="none",
        client_type="confidential",
        authorization_grant_type="client-credentials",
    )


def _field(model, number: int):
    """Return a field. Only a few are active, as every badge has a value for each active field."""
    return model(name=f"Crowd {number:06}", data_type="STRING", active=number < 20)
