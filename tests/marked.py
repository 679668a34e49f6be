"""Check that no log of the test suite has a secret or customer, and no response a secret.

The values that tests use for them are marked: they occur nowhere else.
"""

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


class Middleware:
    """A middleware that checks the targets of redirects, and the bodies of refusals and errors."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        texts = [response.get("Location", "")]
        if response.status_code >= 400 and not response.streaming:
            texts.append(response.content.decode(errors="replace"))
        found.extend(f"an answer: {text}" for text in texts if secrets().search(text))
        return response
