"""Open every page of the desk on a filled PostgreSQL: number of queries, rows read, time.

    DATABASE_URL=postgres:///bench python -m tests.bench.pages [--times 20]

Needs the data of `tests.bench.fill`. Prints a table and the same as JSON. Exits with 1 if a page
runs more than 15 queries, or a query reads more than about a thousand rows.
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

MAX_QUERIES = 15
MAX_ROWS = 1_024
PASTED = 200
UNKNOWN_CUSTOMER = 9_000_000_000
MIDDLE_CUSTOMER = 100_000
END = "199000.0"  # customer numbers go up to 200,000; a list contains one in twenty


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One page view. With `data` it is a POST; `before` is a visit that precedes it."""

    name: str
    address: str
    data: dict | None = None
    before: "Visit | None" = None

    def by(self, client):
        """Return the response to a client."""
        if self.data is None:
            return client.get(self.address)
        return client.post(self.address, self.data)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The costs of one page; `worst` is the statement that read the most rows."""

    page: str
    status: int
    queries: int
    rows: int
    worst: str
    median_ms: float | None = None

    @property
    def is_within_limits(self) -> bool:
        return self.queries <= MAX_QUERIES and self.rows <= MAX_ROWS


def main():
    arguments = parsed()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.db import connection

    if connection.vendor != "postgresql":
        sys.exit("DATABASE_URL must name a PostgreSQL database that tests.bench.fill has filled.")
    client = supervisor()
    found = [measured(visit, client, arguments.times) for visit in visits()]
    client.force_login(administrator())
    found += [measured(visit, client, arguments.times) for visit in of_admin()]
    show(found)
    sys.exit(not all(each.is_within_limits for each in found))


def parsed():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often each page is timed")
    return parser.parse_args()


def supervisor():
    """Return a client, logged in as the supervisor of `tests.bench.fill`."""
    from django.contrib.auth.models import User
    from django.test import Client
    from django.test.utils import setup_test_environment

    setup_test_environment()
    client = Client()
    client.force_login(User.objects.get(username="supervisor"))
    return client


def administrator():
    """Return a user who may open every page of the admin."""
    from django.contrib.auth.models import User

    return User.objects.filter(is_superuser=True).earliest("pk")


def visits() -> list[Visit]:
    """Return every page of the desk, with the data that makes it slowest."""
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
        *of_people(),
        *of_lists(big_list, revoked_list, revocation),
        *of_ledgers(big_list),
        *of_history(big_list),
    ]


def page(name: str, route: str, *args, query: str = "", **data) -> Visit:
    """Return the visit of a route: a POST if there is data, otherwise a GET."""
    from django.urls import reverse

    return Visit(name=name, address=reverse(route, args=args) + query, data=data or None)


def of_home(badge) -> list[Visit]:
    """Return visits of the home page, without and with new requests to count."""
    home = page("home", "desk:home")
    change = page("a change", "desk:definition-switch", badge.pk, active="yes")
    return [home, Visit(name="home, after a change", address=home.address, before=change)]


def of_find(big_list) -> list[Visit]:
    """Return a search for each kind of text, the page of its results, and its suggestions."""
    from tests.bench.fill import FAITHFUL

    texts = {
        "customer": FAITHFUL,
        "nobody": UNKNOWN_CUSTOMER,
        "issued badge": big_list.earnedbadge_set.order_by("customer_id").first().pk,
        "request": big_list.request_id,
        "reference, claimed": "bench",
        "reference, unclaimed": "membercare",
        "name of a badge": "badge",
        "name of a person": "super",
        "nothing": "nothing has this",
    }
    found = []
    for name, text in texts.items():
        search = page(f"find: {name}", "desk:find", text=text)
        found += [search, Visit(name=f"found: {name}", address=search.address, before=search)]
        found += [page(f"suggested: {name}", "desk:find-suggestions", text=text)]
    return [*found, page("suggested: recent customers", "desk:find-suggestions", text="")]


def of_customers(favourite) -> list[Visit]:
    """Return visits of the customer with the most badges and of one without badges."""
    from tests.bench.fill import FAITHFUL

    return [
        *(
            page(f"customer of 1,000, {tab}", "desk:customer", FAITHFUL, query=f"?tab={tab}")
            for tab in ("enrol", "issue", "issued", "expired")
        ),
        page("customer of none", "desk:customer", UNKNOWN_CUSTOMER),
        page("timeline of 500", "desk:customer_badge", FAITHFUL, favourite.pk),
        page("timeline of 1,000", "desk:customer_timeline", FAITHFUL),
        page("timeline of none", "desk:customer_timeline", UNKNOWN_CUSTOMER),
        page("notes of 1,000", "desk:customer_notes", FAITHFUL),
        page("timeline of none", "desk:customer_badge", UNKNOWN_CUSTOMER, favourite.pk),
        page("enrol", "desk:enrol", FAITHFUL, favourite.pk),
    ]


def of_issuing(badge) -> list[Visit]:
    """Return visits of the form, with one customer and with the maximum number of customers."""
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
    """Return visits of the list of badges, and of the pages of the most issued badge."""
    return [
        page("badges", "desk:definitions"),
        page("badges, last page", "desk:definitions", query="?page=9999"),
        page("badges, searched", "desk:definitions", query="?q=badge"),
        *(
            page(f"badges, sorted by {order}", "desk:definitions", query=f"?sort={order}")
            for order in ("-name", "-starts_at", "starts_at", "expires_at", "-expires_at")
        ),
        page("hottest badge", "desk:definition", badge.pk),
        page("badge, new", "desk:definition-new"),
        *(
            page(f"badge, {verb}", f"desk:definition-{verb}", badge.pk)
            for verb in ("edit", "duplicate", "switch")
        ),
    ]


def of_integrators() -> list[Visit]:
    from badges.models import Integrator

    integrator = Integrator.objects.earliest("pk")
    return [
        page("integrators", "desk:integrators"),
        page("integrators, last page", "desk:integrators", query="?page=9999"),
        page("integrators, searched", "desk:integrators", query="?q=a"),
        page("integrators, sorted by -name", "desk:integrators", query="?sort=-name"),
        page("integrator", "desk:integrator", integrator.pk),
        page("integrator, new", "desk:integrator-new"),
        page("integrator, rotate", "desk:integrator-rotate", integrator.pk),
        page("integrator, revoke", "desk:integrator-revoke", integrator.pk),
    ]


def of_people() -> list[Visit]:
    from django.contrib.auth.models import User

    person = User.objects.get(username="membercare")
    return [
        page("people", "desk:people"),
        page("people, last page", "desk:people", query="?page=9999"),
        page("people, searched", "desk:people", query="?q=a"),
        page("person", "desk:person", person.pk),
        page("person, new", "desk:person-new"),
        page("person, switch", "desk:person-switch", person.pk),
        page("person, reset", "desk:person-reset", person.pk),
    ]


def of_lists(big_list, revoked_list, revocation) -> list[Visit]:
    """Return visits of receipts and revocations, of one badge, of lists and of a customer."""
    from badges.models import RequestLog
    from tests.bench.fill import FAITHFUL

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
        page("revoke, customer of 1,000", "desk:revoke", pasted=FAITHFUL),
        page("revoke a list", "desk:revoke_request", big_list.pk),
        page("revoke a list, done", "desk:revoke_request", revoked_list.pk),
    ]


def of_ledgers(big_list) -> list[Visit]:
    """Return visits of the request log, a request with many rows, the figures and the record."""
    from badges.desk.ledgers.figures import MAX_DAYS
    from badges.models import Integrator, RequestLog

    one = RequestLog.objects.filter(channel="MEMBERCARE").latest("pk")
    busy = Integrator.objects.earliest("pk").pk
    return [
        page("requests", "desk:requests"),
        page("requests, refused", "desk:requests", query="?outcome=REFUSED"),
        page("requests, oldest first", "desk:requests", query="?sort=time"),
        page(
            "requests of a user, oldest first",
            "desk:requests",
            query=f"?sort=time&actor=user:{one.user_id}",
        ),
        page("requests of nobody", "desk:requests", query=f"?customer_id={UNKNOWN_CUSTOMER}"),
        page("requests of the desk", "desk:requests", query="?channel=MEMBERCARE"),
        page("requests of a user", "desk:requests", query=f"?actor=user:{one.user_id}"),
        page("requests of a month", "desk:requests", query=days(60, 30)),
        page("requests of a badge", "desk:requests", query=f"?badge={big_list.badge_id}"),
        page("requests of an integrator", "desk:requests", query=f"?actor=integrator:{busy}"),
        page("request of a list", "desk:request", big_list.pk),
        page("figures", "desk:figures"),
        page("figures of 92 days", "desk:figures", query=days(MAX_DAYS - 1, 0)),
        page("record", "desk:record"),
        page("actors to pick", "desk:requests-actors", query="?actor=c"),
        page("badges to pick in the log", "desk:requests-badges", query="?badge=b"),
        page("groups", "desk:groups"),
        page("groups, last page", "desk:groups", query="?page=9999"),
        page("group, new", "desk:group-new"),
        page("fields", "desk:fields"),
        page("fields, disabled", "desk:fields", query="?active=no"),
    ]


def of_admin() -> list[Visit]:
    """Return the pages of the admin, for an administrator."""
    from django.contrib.auth.models import Group, User

    from badges.models import BadgeMeta, Claim, Integrator

    models = [BadgeMeta, Claim, Integrator, User, Group]
    claimed = BadgeMeta.objects.get(name="Bench badge 05")
    filters = {
        BadgeMeta: ["active__exact=0", "earn_type__exact=ISSUE_EARN", "status=UPCOMING"],
        Claim: ["active__exact=0", "owner_type__exact=Journeys", f"badge__id__exact={claimed.pk}"],
        Integrator: ["active__exact=0"],
        User: ["is_staff__exact=0", "is_superuser__exact=1", "is_active__exact=0"],
        Group: [],
    }
    found = []
    for model in models:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        first = model.objects.order_by("pk").first()
        found += [
            page(f"{name}, list", f"{name}_changelist"),
            page(f"{name}, last page", f"{name}_changelist", query="?p=18"),
            page(f"{name}, searched", f"{name}_changelist", query="?q=e"),
            page(f"{name}, one", f"{name}_change", first.pk),
            page(f"{name}, new", f"{name}_add"),
            *(
                page(f"{name}, {each.partition('_')[0]}", f"{name}_changelist", query=f"?{each}")
                for each in (*filters[model], "&".join(filters[model]))
                if each
            ),
        ]
    query = "?app_label=badges&model_name=claim&field_name=badge&term=e"
    return [*found, page("admin: badges to pick", "admin:autocomplete", query=query)]


def days(first: int, last: int) -> str:
    """Return the query string of a period, from `first` to `last` days before today, inclusive."""
    today = datetime.now(UTC).date()
    since, until = (today - timedelta(days=back) for back in (first, last))
    return f"?since={since}&until={until}"


def of_history(big_list) -> list[Visit]:
    """Return visits of the history: unfiltered, with indexed filters, and within a long list."""
    from badges.models.ids import ID_LENGTH

    middle = f"older={big_list.pk}.{MIDDLE_CUSTOMER}.{'f' * ID_LENGTH}"
    return [
        *(
            page(f"history, {kind}{name}", "desk:history", kind, query=query)
            for kind in ("issued", "revoked")
            for name, query in {
                "": "",
                " of a badge": f"?badge={big_list.badge_id}",
                " in lists": "?operation=EARN_BULK" if kind == "issued" else "?channel=COMMAND",
                " to nobody": f"?customer_id={UNKNOWN_CUSTOMER}",
            }.items()
        ),
        page("history, midst of a list", "desk:history", "issued", query=f"?{middle}"),
        page("history, enrolments", "desk:history", "enrolments"),
        *(
            page(f"history, {kind} sorted by {order}", "desk:history", kind, query=f"?sort={order}")
            for kind in ("issued", "enrolments")
            for order in ("time", "customer", "-customer")
        ),
        page("history, revoked enrolments", "desk:history", "revoked-enrolments"),
    ]


def measured(visit: Visit, client, times: int = 0) -> Measured:
    """Open a page once to record its queries, then `times` times to measure its duration."""
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
        queries=sum(not query.is_of_a_transaction for query in queries),
        rows=worst.rows,
        worst=f"{worst.read} {worst.sql}",
        median_ms=round(1000 * statistics.median(taken), 1) if taken else None,
    )


def timed(visit: Visit, client) -> float:
    """Return the duration of a page in seconds."""
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
