"""Send what nobody would: good bodies with bytes changed, and queries with strange values.

    python -m tests.faults.fuzz [--seconds 60] [--seed N]

Asks the application as its server does, in this process, on an SQLite database of its own. Ends
with 1, and with what was sent, at the first answer that is a server's error, is not the API's
envelope, or refuses and has written something but its row in the request log.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlencode

import django

PREFIX = "/api_gateway/v1/badges"
TOKENS = [
    *(b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"[", b"{", b"}", b'"', b",", b":", b"\\u0000"),
    *(b"\\ud800", b"null", b"true", b"NaN", b"Infinity", b"1e999", b"-1", b"0", b"1.5"),
    *(b"9" * 30, b"9" * 5000, b"[" * 20_000, b'{"a":' * 5_000, b"' OR 1=1 --", b"=1+1"),
    *(
        "\u202e".encode(),
        b"\xef\xbc\x99",
        b"2026-02-30T00:00:00Z",
        b"99999-01-01",
        b'"customerId":1,',
    ),
]
VALUES = ["", "0", "-1", "9" * 40, "1e9", "NaN", "\0", "null", "[]", "a" * 3000, "%", "_", "'", "٣"]


@dataclass(frozen=True)
class Sent:
    """One request; its path has the query."""

    method: str
    path: str
    body: bytes = b""

    def changed(self, chance: random.Random) -> "Sent":
        """Return it with some bytes of its body changed, taken out, doubled, or put in."""
        body = bytearray(self.body)
        for _change in range(chance.choice([1, 1, 1, 2, 3, 8])):
            start = chance.randrange(len(body) + 1)
            end = min(len(body), start + chance.choice([1, 1, 2, 5, 30]))
            put_in = chance.choice(
                [bytes([chance.randrange(256)]), chance.choice(TOKENS), b"", body[start:end] * 2]
            )
            body[start : chance.choice([start, end])] = put_in
        return Sent(self.method, self.path, bytes(body))


def main() -> int:
    arguments = parsed()
    with tempfile.TemporaryDirectory() as directory:
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{directory}/fuzz.sqlite3",
            "VAR_DIR": directory,
            "SECRET_KEY": "of-a-test",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "API_CALLS_PER_SECOND": "0",
        }
        django.setup()
        return fuzzed(arguments.seconds, arguments.seed, Path(directory))


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    return parser.parse_args()


def fuzzed(seconds: float, seed: int, directory: Path) -> int:
    """Send for so long, and return 1 when an answer was wrong."""
    from tests.faults.system import prepared

    made, chance, statuses = prepared(), random.Random(seed), Counter()  # noqa: S311
    ask, good, queries = asker(made.authorization), bodies(made), list(parameters())
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        is_body = chance.random() < 0.6
        sent = chance.choice(good).changed(chance) if is_body else asked(queries, made, chance)
        before = written()
        status, content = ask(sent)
        statuses[status] += 1
        if fault := fault_of(status, content, before):
            print(f"seed {seed}: {fault}: {status}\n{sent}\n{content[:1000]}")  # noqa: T201
            return 1
    told = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
    print(f"seed {seed}: {statuses.total():,} requests, none answered wrongly ({told})")  # noqa: T201
    return 0


def fault_of(status: int, content: bytes, before: list) -> str:
    """Return what is wrong with an answer, or nothing."""
    if status >= 500:
        return "an error of the server"
    try:
        envelopes = json.loads(content)
    except ValueError:
        return "no JSON"
    for envelope in envelopes if isinstance(envelopes, list) else [envelopes]:
        if sorted(envelope) != ["data", "errors", "warnings"]:
            return "no envelope"
    return "written although refused" if status >= 400 and written() != before else ""


def written() -> list:
    """Return how much there is of everything that a call can write, but for the request log."""
    from badges.models import BadgeGroup, BadgeMeta, Claim, CustomField, EarnedBadge, Enrolment

    models = (BadgeGroup, BadgeMeta, Claim, CustomField, EarnedBadge, Enrolment)
    standing = (EarnedBadge.objects.standing(), Enrolment.objects.standing())
    return [rows.order_by().count() for rows in (*(m.objects.all() for m in models), *standing)]


def asker(authorization: str):
    """Return a function that asks the application as the server does."""
    from django.test import RequestFactory

    from badgeadmin.wsgi import inside

    def ask(sent: Sent) -> tuple[int, bytes]:
        request = RequestFactory().generic(
            sent.method,
            sent.path,
            sent.body,
            content_type="application/json",
            headers={"Authorization": authorization, "Host": "localhost"},
        )
        raw = unquote_to_bytes(sent.path.partition("?")[0])
        environ = request.environ | {"PATH_INFO": raw.decode("latin-1")}
        started = []
        chunks = inside(environ, lambda *start: started.append(start[0]))
        content = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        return int(started[0].split()[0]), content

    return ask


def bodies(made) -> Sequence[Sent]:
    """Return a good request for each operation that writes."""
    trigger = {"ownerType": "Loyalty", "referenceId": "123694"}
    of_badge = {"badgeMetaId": made.plain, "requestId": "fuzz", "triggeredBy": trigger}
    item = {"badgeMetaId": made.plain, "customerId": 7, "earnEventDate": 1_750_000_000}
    meta = {
        "name": "Fuzz",
        "description": "Nothing",
        "badgeType": "EARN",
        "startOn": "2026-01-01T00:00:00Z",
        "expiresOn": "2027-01-01T00:00:00Z",
        "earnedBadgeExpiry": {"expiryType": "RELATIVE", "relativeExpirytype": "DAYS", "value": 3},
        "ownership": {"restrictedToOwners": ["Loyalty"]},
    }
    given = {
        "customer/earn": of_badge | {"customerId": 7},
        "customer/earnBulk": of_badge | {"customerIds": [1, 2, 3]},
        "customer/revokeEarn": {"badgeMetaId": made.plain, "customerId": 7},
        "badgeMeta/customer/issueBulk": of_badge | {"customers": [1, 2]},
        "badgeMeta/customer/revokeIssue": {"badgeMetaId": made.plain, "customers": [1]},
        "import/customerBadges": [item | {"earnExpiresOn": 1_850_000_000}],
        "badgeMeta": meta,
        f"badgeMeta/{made.plain}/claim": trigger,
        "group": {"name": "Fuzz", "rank": 1},
        "customField": {"name": "fuzz", "dataType": "STRING"},
    }
    return [
        Sent("POST", f"{PREFIX}/{path}", json.dumps(body).encode()) for path, body in given.items()
    ]


def parameters() -> Iterator[tuple[str, list[str]]]:
    """Yield the path of each operation that reads, with the names of its query parameters."""
    from drf_spectacular.generators import SchemaGenerator

    for path, operations in (
        SchemaGenerator().get_schema(request=None, public=True)["paths"].items()
    ):
        if "get" in operations and path.startswith(PREFIX):
            found = operations["get"].get("parameters", [])
            yield path, [each["name"] for each in found if each["in"] == "query"]


def asked(queries: Sequence[tuple], made, chance: random.Random) -> Sent:
    """Return a read with strange values in its path and query."""

    def value() -> str:
        usual = [made.plain, "7", "true", "2026-01-01T00:00:00Z", "gt:1750000000000", "Loyalty"]
        return chance.choice([*VALUES, *usual, chr(chance.randrange(1, 0xD800)) * 3])

    path, names = chance.choice(queries)
    while "{" in path:
        head, _brace, rest = path.partition("{")
        path = head + (quote(value(), safe="") or "7") + rest.partition("}")[2]
    picked = chance.sample(names, chance.randint(0, len(names)))
    pairs = [(name, value()) for name in picked for _time in range(chance.choice([1, 1, 1, 2]))]
    return Sent("GET", f"{path}?{urlencode(pairs)}")


if __name__ == "__main__":
    sys.exit(main())
