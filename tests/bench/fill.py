"""Fill PostgreSQL with years of data in a minute or two, to measure pages and queries on it.

    DATABASE_URL=postgres:///bench python -m tests.bench.fill --earned 2000000 --requests 1000000

Services create the users, the integrator and the badges. SQL creates the rows of the ledgers as the
services would, without enrolments. The database must be empty.
"""

import argparse
import os
import sys
import time
from datetime import timedelta

import django

DAYS = 365
BADGES = 20
CUSTOMERS = 200_000
EVERY_LIMITED = 5  # one badge in 5 has a limit per customer and a limit over all customers
LISTS = 100  # one request in 100 is a list
BIG_LISTS = 2  # the last lists are big, and the very last one is revoked
BIG = 10_000
FAITHFUL = 1  # a customer with a thousand earned badges, half of them of the same badge
TIMES = 1_000
REVOKED = "bench-revoked"

# Of a hundred requests one is a list, four are refused, seven are from the desk, the rest from the
# API. The desk gives four of the badge definitions, and lists give four others.
REQUESTS = """
INSERT INTO badges_requestlog (id, operation, channel, request_id, fingerprint, content, reason,
    customer_id, outcome, code, errors, received_at, recorded_at, badge_id, integrator_id, user_id)
SELECT %(before)s + n,
    CASE WHEN is_list THEN 'EARN_BULK' ELSE 'EARN' END,
    CASE WHEN at_desk THEN 'MEMBERCARE' ELSE 'API' END,
    'bench-' || n, md5(n::text) || md5(n::text), '{"requestId": "bench-' || n || '"}',
    CASE WHEN at_desk THEN 'Called in' ELSE '' END,
    CASE WHEN is_faithful THEN %(faithful)s
        WHEN NOT is_list THEN 2 + (n * 7919) %% %(customers)s END,
    CASE WHEN is_refused THEN 'REFUSED' ELSE 'ACCEPTED' END,
    CASE WHEN is_refused THEN code END,
    CASE WHEN is_refused THEN jsonb_build_array(jsonb_build_object('code', code, 'message', ''))
        ELSE '[]' END,
    moment, moment, badge_id,
    CASE WHEN NOT at_desk THEN %(integrator)s END, CASE WHEN at_desk THEN %(user)s END
FROM (
    SELECT n, n %% 100 = 0 AS is_list, n %% 100 BETWEEN 1 AND 4 AS is_refused,
        n %% 100 BETWEEN 4 AND 10 AS at_desk,
        n %% %(every)s = %(every)s - 1 AS is_faithful,
        (ARRAY[2001, 815, 810, 816, 750])[1 + n / 100 %% 5] AS code,
        %(now)s - (%(requests)s - n) * (%(days)s * interval '1 day' / %(requests)s) AS moment,
        (%(badges)s::text[])[CASE
            WHEN n %% (2 * %(every)s) = %(every)s - 1 THEN 5
            WHEN n %% 100 = 0 THEN 5 + n / 100 %% 4
            WHEN n %% 100 BETWEEN 4 AND 10 THEN 1 + n / 7 %% 4
            ELSE 1 + n / 7 %% %(badge_count)s
        END] AS badge_id
    FROM generate_series(1::bigint, %(requests)s) AS n
) AS numbered
"""

# Every accepted request gives one badge, and the lists share the rest.
EARNED = """
INSERT INTO badges_earnedbadge (id, customer_id, event_at, expires_at, owner_type, reference_id,
    earned_at, badge_id, request_id)
SELECT lpad(to_hex(extract(epoch FROM received_at)::bigint), 8, '0') || lpad(to_hex(id), 10, '0')
        || lpad(to_hex(place), 6, '0'),
    coalesce(customer_id, 2 + (id * 31 + place * 104729) %% %(customers)s),
    received_at, received_at + interval '100 years',
    CASE channel WHEN 'API' THEN 'Loyalty' ELSE 'Membercare' END,
    CASE channel WHEN 'API' THEN 'bench' ELSE 'membercare' END,
    received_at, badge_id, id
FROM badges_requestlog,
    generate_series(1, CASE
        WHEN operation = 'EARN' THEN 1 WHEN id = ANY(%(big_lists)s) THEN %(big)s ELSE %(each)s
    END) AS place
WHERE id > %(before)s AND outcome = 'ACCEPTED'
"""

# For every ten customers of a list with the badge, one customer was refused.
REFUSED_ITEMS = """
INSERT INTO badges_refuseditem (request_id, customer_id, code, message)
SELECT id, 2 + (id * 31 + (%(big)s + place) * 104729) %% %(customers)s, 2001, ''
FROM badges_requestlog, generate_series(
    1, CASE WHEN id = ANY(%(big_lists)s) THEN %(big)s ELSE %(each)s END, 10
) AS place
WHERE id > %(before)s AND operation = 'EARN_BULK'
"""

NEXT_ID = """
SELECT setval(pg_get_serial_sequence('badges_requestlog', 'id'), max(id)) FROM badges_requestlog
"""


def main():
    arguments = parsed()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "badgeadmin.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from badges.management.demo import log_ins

    if connection.vendor != "postgresql":
        sys.exit("DATABASE_URL must name a PostgreSQL database.")
    call_command("migrate", interactive=False, verbosity=0)
    if not log_ins.is_empty():
        sys.exit("The database holds something; only an empty one is filled.")
    started = time.monotonic()
    made = log_ins.make()
    made.write_file()
    fill(arguments.requests, arguments.earned, made, arguments.big)
    if arguments.badges or arguments.others:
        from badges.models import BadgeMeta
        from tests.bench import background

        claimed = BadgeMeta.objects.get(name="Bench badge 05")
        background.fill(arguments.badges, arguments.others, claimed=claimed.pk)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(f"Filled in {time.monotonic() - started:.0f} s. Log-ins:", made.passwords)  # noqa: T201


def parsed():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--earned", type=int, default=2_000_000, help="issued badges, about")
    parser.add_argument("--requests", type=int, default=1_000_000, help="rows of the request log")
    parser.add_argument("--badges", type=int, default=0, help="more badges, one with many claims")
    parser.add_argument("--others", type=int, default=0, help="integrators, groups, people ...")
    parser.add_argument("--big", type=int, default=BIG, help="how many the big lists give each")
    return parser.parse_args()


def fill(requests: int, earned: int, made, big: int = BIG) -> None:
    """Create badges, fill the ledgers and update their counters.

    `made` are the log-ins, `big` is the number of badges that each of the big lists gives.
    """
    from django.db import connection, transaction

    from badges.models import Channel, EarnLimit
    from badges.services.customers import limits
    from badges.services.customers.revoke import revoke_request
    from badges.services.record import summaries
    from badges.services.request_log import Origin

    numbers = parameters(requests, earned, made, big)
    with transaction.atomic(), connection.cursor() as cursor:
        # Skip the foreign key checks, which take minutes row by row: the statements create valid
        # keys.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        # Pending checks of a surrounding transaction would prevent the creation of indexes.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        indexes = without_indexes(cursor)
        for statement in (REQUESTS, NEXT_ID, EARNED, REFUSED_ITEMS):
            cursor.execute(statement, numbers)
        for definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET LOCAL session_replication_role = origin")
    with transaction.atomic():
        for badge_id in EarnLimit.objects.values_list("badge_id", flat=True):
            limits.rebuild_tally(badge_id)
    last, origin = numbers["big_lists"][-1], Origin(channel=Channel.COMMAND)
    revoke_request(origin=origin, request_id=REVOKED, issued_by=last)
    summaries.catch_up_all(requests)


def parameters(requests: int, earned: int, made, big: int) -> dict:
    """Create the badges. Return the parameters of the statements."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from badges.models import Integrator, RequestLog

    now = timezone.now()
    badges = definitions(earned, now)
    before = RequestLog.objects.latest("pk").pk
    lists = requests // LISTS
    singles = requests * (LISTS - 5) // LISTS
    return {
        "before": before,
        "requests": requests,
        "each": max(1, (earned - singles - BIG_LISTS * big) // lists),
        "big": big,
        "big_lists": [before + LISTS * (lists - back) for back in reversed(range(BIG_LISTS))],
        "faithful": FAITHFUL,
        "every": max(1, requests // TIMES),
        "customers": CUSTOMERS,
        "days": DAYS,
        "now": now,
        "badges": badges,
        "badge_count": len(badges),
        "integrator": Integrator.objects.get(client_id=made.client_id).pk,
        "user": User.objects.get(username="membercare").pk,
    }


def without_indexes(cursor) -> list[str]:
    """Drop the indexes that enforce no constraint. Return the statements that create them again."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef NOT LIKE 'CREATE UNIQUE%'"
        " AND tablename IN ('badges_requestlog', 'badges_earnedbadge')"
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _name, definition in found]


def definitions(earned: int, now) -> list[str]:
    """Create badges for all customers, claimed by one programme. Return their ids."""
    from badges.models import Channel, Limit, LimitKind, LimitLevel, Owner
    from badges.services.catalogue.definitions import BadgeDraft, claim_badge, create_badge
    from badges.services.request_log import Origin

    origin = Origin(channel=Channel.COMMAND)
    share = int(earned / BADGES * 1.05)
    values = {
        "description": "Made to be measured",
        "earn_type": "EARN",
        "active": True,
        "starts_at": now - timedelta(days=DAYS + 1),
        "expires_at": now + timedelta(days=DAYS),
        "earned_expiry_kind": "NEVER",
    }
    made = []
    for number in range(1, BADGES + 1):
        limits = [
            Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, share),
            Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, TIMES),
        ]
        draft = BadgeDraft(
            values=values | {"name": f"Bench badge {number:02}"},
            owners=["Loyalty"],
            limits=[] if number % EVERY_LIMITED else limits,
        )
        badge = create_badge(origin=origin, draft=draft, now=now)
        claim_badge(origin=origin, badge_id=badge.pk, owner=Owner("Loyalty", "bench"), now=now)
        made.append(badge.pk)
    return made


if __name__ == "__main__":
    main()
