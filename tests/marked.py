"""Check that no log of the test suite has a secret or customer, and no response a secret.

A page that shows a secret on purpose may be neither cached nor compressed.

The values that tests use for them are marked: they occur nowhere else.
"""

import gzip
import logging
import re
from functools import cache

from badgeadmin.telemetry import JSONFormatter, RouteInsteadOfAddress

found = []  # marked values that were found since the last check


@cache
def secrets() -> re.Pattern:
    from tests.factories import PASSWORD, SECRET

    return re.compile("|".join(map(re.escape, (PASSWORD, SECRET))))


@cache
def private_values() -> re.Pattern:
    from tests.factories import CUSTOMER

    return re.compile(rf"{secrets().pattern}|\b{CUSTOMER}\b")


class Handler(logging.Handler):
    """A handler that checks each formatted log record, with its traceback."""

    def __init__(self):
        super().__init__()
        self.addFilter(RouteInsteadOfAddress())
        self.setFormatter(JSONFormatter())

    def emit(self, record):
        text = self.format(record)
        if private_values().search(text):
            found.append(f"a line of the log: {text}")


# The elements in which pages show a secret; the id of an integrator looks like one.
SHOWN_SECRET = re.compile(
    r'<(?![^>]* id="client-id")[^>]* (class="(desk-secret|sign-in-codes)"|id="client-secret")'
)


class Middleware:
    """A middleware that checks the targets of redirects, and the bodies of refusals and errors.

    It also checks that every page that shows a secret is marked as such.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        texts = [response.get("Location", "")]
        if response.status_code >= 400 and not response.streaming:
            texts.append(response.content.decode(errors="replace"))
        found.extend(f"an answer: {text}" for text in texts if secrets().search(text))
        is_page = response.get("Content-Type", "").startswith("text/html")
        if is_page and not response.streaming and not is_kept_secret(response):
            found.append(f"a page with a secret that is not kept secret: {request.path}")
        return response


def is_kept_secret(response) -> bool:
    """Return whether a page shows no secret, or is marked by `badges.desk.access.keep_secret`."""
    is_compressed = "Content-Encoding" in response
    content = gzip.decompress(response.content) if is_compressed else response.content
    if not SHOWN_SECRET.search(content.decode(errors="replace")):
        return True
    directives = set(re.split(r",\s*", response.get("Cache-Control", "")))
    return directives >= {"no-store", "no-transform"} and not is_compressed
