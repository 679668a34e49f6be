"""Open every page of the desk on a filled PostgreSQL: queries, rows they really read, time.

    DATABASE_URL=postgres:///bench python -m tests.bench.pages [--times 20]

Needs what `tests.bench.fill` made. Prints a table and the same as JSON; ends with 1 when a page
runs more than 15 queries, or one of them reads more than about a thousand rows.
"""

import argparse
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import django

MOST_QUERIES = 15
MOST_ROWS = 1_024
PASTED = 200
NOBODY = 9_000_000_000
CUSTOMER_IN_THE_MIDST = 100_000
END = "199000.0"  # customers are numbered up to 200,000, and a list has one in twenty


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One page as somebody opens it; with `data` it is posted, after `before` if there is any."""

    name: str
    address: str
    data: dict | None = None
    before: "Visit | None" = None

    def by(self, client):
        """Return the answer to a browser."""
        if self.data is None:
            return client.get(self.address)
        return client.post(self.address, self.data)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one page cost; `worst` is the statement that read the most rows."""

    page: str
    status: int
    queries: int
    rows: int
    worst: str
    median_ms: float | None = None

    @property
    def is_within_limits(self) -> bool:
        return self.queries <= MOST_QUERIES and self.rows <= MOST_ROWS


def main():
    arguments = parsed()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.db import connection

    if connection.vendor != "postgresql":
        sys.exit("DATABASE_URL must name a PostgreSQL database that tests.bench.fill has filled.")
    client = supervisor()
    found = [measured(visit, client, arguments.times) for visit in visits()]
    show(found)
    sys.exit(not all(each.is_within_limits for each in found))


def parsed():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often each page is timed")
    return parser.parse_args()


def supervisor():
    """Return the browser of the supervisor that `tests.bench.fill` made."""
    from django.contrib.auth.models import User
    from django.test import Client
    from django.test.utils import setup_test_environment

    setup_test_environment()
    client = Client()
    client.force_login(User.objects.get(username="supervisor"))
    return client


def visits() -> list[Visit]:
    """Return every page of the desk, with what makes it as slow as it can be."""
    from badges.models import BadgeMeta, RequestLog
    from tests.bench.fill import REVOKED

    accepted = RequestLog.objects.accepted()
    revoked_list, big_list = accepted.filter(operation="EARN_BULK").order_by("-pk")[:2]
    revocation = RequestLog.objects.get(request_id=REVOKED)
    favourite = BadgeMeta.objects.get(name="Bench badge 05")
    return [
        *of_home(big_list.badge),
        *of_find(big_list),
        *of_customers(favourite),
        *of_issuing(big_list.badge),
        *of_badges(big_list.badge),
        *of_integrators(),
        *of_lists(big_list, revoked_list, revocation),
        *of_ledgers(big_list),
        *of_history(big_list),
    ]


def page(name: str, route: str, *args, query: str = "", **data) -> Visit:
    """Return the visit of a route, posted when there is something to post."""
    from django.urls import reverse

    return Visit(name=name, address=reverse(route, args=args) + query, data=data or None)


def of_home(badge) -> list[Visit]:
    """Home as it is, and with something new to count."""
    home = page("home", "desk:home")
    change = page("a change", "desk:definition-switch", badge.pk, active="yes")
    return [home, Visit(name="home, after a change", address=home.address, before=change)]


def of_find(big_list) -> list[Visit]:
    """What is found for each kind of text, and the page that shows it if it leads nowhere else."""
    from tests.bench.fill import FAITHFUL

    texts = {
        "customer": FAITHFUL,
        "nobody": NOBODY,
        "issued badge": big_list.earnedbadge_set.order_by("customer_id").first().pk,
        "request": big_list.request_id,
        "reference, claimed": "bench",
        "reference, unclaimed": "membercare",
        "name of a badge": "badge",
        "nothing": "nothing has this",
    }
    found = []
    for name, text in texts.items():
        asked = page(f"find: {name}", "desk:find", text=text)
        found += [asked, Visit(name=f"found: {name}", address=asked.address, before=asked)]
    return found


def of_customers(favourite) -> list[Visit]:
    """The customer with the most badges and one with none."""
    from tests.bench.fill import FAITHFUL

    return [
        *(
            page(f"customer of 1,000, {tab}", "desk:customer", FAITHFUL, query=f"?tab={tab}")
            for tab in ("enrol", "issue", "issued", "expired")
        ),
        page("customer of none", "desk:customer", NOBODY),
        page("timeline of 500", "desk:customer_badge", FAITHFUL, favourite.pk),
        page("timeline of none", "desk:customer_badge", NOBODY, favourite.pk),
        page("enrol", "desk:enrol", FAITHFUL, favourite.pk),
    ]


def of_issuing(badge) -> list[Visit]:
    """The form, and what it shows for one customer and for as many as can be pasted."""
    from badges.models import RequestLog
    from tests.bench.fill import FAITHFUL

    singles = RequestLog.objects.accepted().filter(operation="EARN").order_by("-pk")
    several = " ".join(map(str, singles.values_list("customer_id", flat=True)[:PASTED]))
    form = {"badge_id": badge.pk, "search": "badge", "request_id": "desk-" + "0" * 32}
    return [
        page("issue", "desk:issue", query=f"?badge={badge.pk}"),
        page("preview for 1", "desk:preview", customer_id=FAITHFUL, **form),
        page("preview for 200", "desk:preview", customer_id=several, **form),
        page("badges to pick", "desk:badges", customer_id=FAITHFUL, **form),
    ]


def of_badges(badge) -> list[Visit]:
    """The badges, and all about the one that was given most."""
    return [
        page("badges", "desk:definitions"),
        page("badges, searched", "desk:definitions", query="?text=badge"),
        page("hottest badge", "desk:definition", badge.pk),
        page("badge, new", "desk:definition-new"),
        *(
            page(f"badge, {verb}", f"desk:definition-{verb}", badge.pk)
            for verb in ("edit", "duplicate", "switch")
        ),
    ]


def of_integrators() -> list[Visit]:
    from badges.models import Integrator

    integrator = Integrator.objects.get()
    return [
        page("integrators", "desk:integrators"),
        page("integrator", "desk:integrator", integrator.pk),
        page("integrator, new", "desk:integrator-new"),
        page("integrator, rotate", "desk:integrator-rotate", integrator.pk),
        page("integrator, revoke", "desk:integrator-revoke", integrator.pk),
    ]


def of_lists(big_list, revoked_list, revocation) -> list[Visit]:
    """Receipts, and revoking, of one badge and of as many as there are in a list."""
    from badges.models import RequestLog

    single = RequestLog.objects.accepted().filter(operation="EARN").latest("pk")
    ids = big_list.earnedbadge_set.order_by("customer_id").values_list("pk", flat=True)[:PASTED]
    return [
        page("receipt of 1", "desk:receipt", single.pk),
        page("receipt of a list", "desk:receipt", big_list.pk),
        page("receipt of a list, its end", "desk:receipt", big_list.pk, query=f"?from={END}"),
        page("receipt of a list, revoked", "desk:receipt", revoked_list.pk),
        page("receipt of a revocation", "desk:receipt", revocation.pk),
        page("revoke", "desk:revoke"),
        page("revoke 200", "desk:revoke", pasted=" ".join(ids)),
        page("revoke a list", "desk:revoke_request", big_list.pk),
        page("revoke a list, done", "desk:revoke_request", revoked_list.pk),
    ]


def of_ledgers(big_list) -> list[Visit]:
    """The request log, plain and filtered, a request that did much, figures, and the record."""
    from badges.desk.ledgers.figures import MOST_DAYS
    from badges.models import RequestLog

    one = RequestLog.objects.filter(channel="MEMBERCARE").latest("pk")
    return [
        page("requests", "desk:requests"),
        page("requests, refused", "desk:requests", query="?outcome=REFUSED"),
        page("requests of nobody", "desk:requests", query=f"?customer_id={NOBODY}"),
        page("requests of the desk", "desk:requests", query="?channel=MEMBERCARE"),
        page("requests of a user", "desk:requests", query=f"?actor=user:{one.user_id}"),
        page("requests of a month", "desk:requests", query=days(60, 30)),
        page("requests of a badge", "desk:requests", query=f"?badge={big_list.badge_id}"),
        page("request of a list", "desk:request", big_list.pk),
        page("figures", "desk:figures"),
        page("figures of 92 days", "desk:figures", query=days(MOST_DAYS - 1, 0)),
        page("record", "desk:record"),
        page("groups", "desk:groups"),
        page("fields", "desk:fields"),
    ]


def days(first: int, last: int) -> str:
    """Return the query of the days between two, so many before today; both are inclusive."""
    today = datetime.now(UTC).date()
    since, until = (today - timedelta(days=back) for back in (first, last))
    return f"?since={since}&until={until}"


def of_history(big_list) -> list[Visit]:
    """What came about: plain, by what an index holds, and from the midst of a long list on."""
    from badges.models.ids import ID_LENGTH

    midst = f"older={big_list.pk}.{CUSTOMER_IN_THE_MIDST}.{'f' * ID_LENGTH}"
    return [
        *(
            page(f"history, {kind}{name}", "desk:history", kind, query=query)
            for kind in ("issued", "revoked")
            for name, query in {
                "": "",
                " of a badge": f"?badge={big_list.badge_id}",
                " in lists": "?operation=EARN_BULK" if kind == "issued" else "?channel=COMMAND",
                " to nobody": f"?customer_id={NOBODY}",
            }.items()
        ),
        page("history, midst of a list", "desk:history", "issued", query=f"?{midst}"),
        page("history, enrolments", "desk:history", "enrolments"),
        page("history, revoked enrolments", "desk:history", "revoked-enrolments"),
    ]


def measured(visit: Visit, client, times: int = 0) -> Measured:
    """Open a page once to see what it asks, and then some more times by the clock."""
    from tests.bench.plans import recorded

    if visit.before:
        visit.before.by(client)
    with recorded() as queries:
        answer = visit.by(client)
    worst = max(queries, key=lambda query: query.rows)
    taken = [timed(visit, client) for _time in range(times)]
    return Measured(
        page=visit.name,
        status=answer.status_code,
        queries=len(queries),
        rows=worst.rows,
        worst=f"{worst.read} {worst.sql}",
        median_ms=round(1000 * statistics.median(taken), 1) if taken else None,
    )


def timed(visit: Visit, client) -> float:
    """Return the seconds that a page took."""
    started = time.perf_counter()
    visit.by(client)
    return time.perf_counter() - started


def show(found: list[Measured]) -> None:
    print(f"{'page':32} {'status':>6} {'queries':>7} {'rows':>7} {'ms':>7}")  # noqa: T201
    for each in found:
        flag = "" if each.is_within_limits else "  <-- over the limit"
        line = f"{each.page:32} {each.status:6} {each.queries:7} {each.rows:7}"
        print(f"{line} {each.median_ms or '':>7}{flag}")  # noqa: T201
    names = ("page", "status", "queries", "rows", "median_ms")
    print(json.dumps([{name: getattr(each, name) for name in names} for each in found]))  # noqa: T201
    for each in found:
        if not each.is_within_limits:
            print(f"\n{each.page}: {each.worst}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
