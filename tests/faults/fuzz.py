"""Fuzz the application: valid bodies with changed bytes, and queries with strange values.

    python -m tests.faults.fuzz [--seconds 60] [--seed N]

Calls the application as its server does, in this process, with a new SQLite database. Stops at the
first wrong response, prints its request and exits with 1. A response is wrong if it is a server
error, does not have the API's envelope, or is a refusal of a request that wrote more than its row
in the request log.
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
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlencode

import django

PREFIX = "/api_gateway/v1/badges"
TOKEN_ENDPOINT = "/o/token/"
URL_ENCODED = "application/x-www-form-urlencoded"
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
    """One request. Its path includes the query string."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"

    def changed(self, chance: random.Random) -> "Sent":
        """Return a copy with some bytes of the body changed, removed, repeated or inserted."""
        body = bytearray(self.body)
        for _change in range(chance.choice([1, 1, 1, 2, 3, 8])):
            start = chance.randrange(len(body) + 1)
            end = min(len(body), start + chance.choice([1, 1, 2, 5, 30]))
            put_in = chance.choice(
                [bytes([chance.randrange(256)]), chance.choice(TOKENS), b"", body[start:end] * 2]
            )
            body[start : chance.choice([start, end])] = put_in
        return replace(self, body=bytes(body))


def main() -> int:
    arguments = parsed()
    with tempfile.TemporaryDirectory() as directory:
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{directory}/fuzz.sqlite3",
            "VAR_DIR": directory,
            "SECRET_KEY": "of-a-test",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "API_CALLS_PER_SECOND": "0",
            "UNAUTHENTICATED_CALLS_PER_MINUTE": "0",
        }
        django.setup()
        return fuzz(arguments.seconds, arguments.seed, Path(directory))


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    return parser.parse_args()


def fuzz(seconds: float, seed: int, directory: Path) -> int:
    """Send requests for this number of seconds. Return 1 if a response was wrong."""
    from tests.faults.system import prepared

    made, chance, statuses = prepared(), random.Random(seed), Counter()  # noqa: S311
    call, good, queries = caller(made.authorization), bodies(made), list(parameters())
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        is_body = chance.random() < 0.6
        sent = (
            chance.choice(good).changed(chance) if is_body else get_request(queries, made, chance)
        )
        before = written()
        status, content = call(sent)
        statuses[status] += 1
        if fault := fault_of(sent, status, content, before):
            print(f"seed {seed}: {fault}: {status}\n{sent}\n{content[:1000]}")  # noqa: T201
            return 1
    summary = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
    print(f"seed {seed}: {statuses.total():,} requests, none answered wrongly ({summary})")  # noqa: T201
    return 0


def fault_of(sent: Sent, status: int, content: bytes, before: list) -> str:
    """Return a description of the fault of a response, or an empty string."""
    if status >= 500:
        return "an error of the server"
    try:
        envelopes = json.loads(content)
    except ValueError:
        return "no JSON"
    if sent.path == TOKEN_ENDPOINT:
        is_right = ("access_token" in envelopes) == (status == 200) == ("error" not in envelopes)
        return "" if is_right else "no answer of OAuth 2"
    for envelope in envelopes if isinstance(envelopes, list) else [envelopes]:
        if sorted(envelope) != ["data", "errors", "warnings"]:
            return "no envelope"
    return "written although refused" if status >= 400 and written() != before else ""


def written() -> list:
    """Return the number of rows in each table that a call can write, except for the request log."""
    from badges.models import BadgeGroup, BadgeMeta, Claim, CustomField, EarnedBadge, Enrolment

    models = (BadgeGroup, BadgeMeta, Claim, CustomField, EarnedBadge, Enrolment)
    active = (EarnedBadge.objects.not_revoked(), Enrolment.objects.not_revoked())
    return [rows.order_by().count() for rows in (*(m.objects.all() for m in models), *active)]


def caller(authorization: str):
    """Return a function that calls the application as the server does."""
    from django.test import RequestFactory

    from badgeadmin.wsgi import application

    def call(sent: Sent) -> tuple[int, bytes]:
        request = RequestFactory().generic(
            sent.method,
            sent.path,
            sent.body,
            content_type=sent.content_type,
            headers={"Authorization": authorization, "Host": "localhost"},
        )
        raw = unquote_to_bytes(sent.path.partition("?")[0])
        environ = request.environ | {"PATH_INFO": raw.decode("latin-1")}
        started = []
        chunks = application(environ, lambda *start: started.append(start[0]))
        content = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        return int(started[0].split()[0]), content

    return call


def bodies(made) -> Sequence[Sent]:
    """Return a valid request for each operation that writes."""
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
    valid = {
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
    calls = [
        Sent("POST", f"{PREFIX}/{path}", json.dumps(body).encode()) for path, body in valid.items()
    ]
    return [*calls, *tokens()]


def tokens() -> Iterator[Sent]:
    """Yield requests for a token in every content type."""
    grant = b"grant_type=client_credentials"
    yield Sent("POST", TOKEN_ENDPOINT, grant, URL_ENCODED)
    yield Sent("POST", TOKEN_ENDPOINT, grant + b"&scope=badges&client_id=a%00b", URL_ENCODED)
    yield Sent("POST", TOKEN_ENDPOINT, grant + b"&client_id=a&client_secret=%ff", URL_ENCODED)
    yield Sent("POST", TOKEN_ENDPOINT, b'{"grant_type": "client_credentials"}')
    part = b'--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials'
    yield Sent("POST", TOKEN_ENDPOINT, part + b"\r\n--x--\r\n", "multipart/form-data; boundary=x")


def parameters() -> Iterator[tuple[str, list[str]]]:
    """Yield the path of each operation that reads, with the names of its query parameters."""
    from drf_spectacular.generators import SchemaGenerator

    for path, operations in (
        SchemaGenerator().get_schema(request=None, public=True)["paths"].items()
    ):
        if "get" in operations and path.startswith(PREFIX):
            found = operations["get"].get("parameters", [])
            yield path, [each["name"] for each in found if each["in"] == "query"]


def get_request(queries: Sequence[tuple], made, chance: random.Random) -> Sent:
    """Return a GET request with strange values in its path and query."""

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
