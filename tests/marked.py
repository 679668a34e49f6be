"""Watches what the suite lets out: no log tells a secret or a customer, no answer a secret.

The values that tests use for them are marked: they occur nowhere else.
"""

import logging
import re
from functools import cache

from badgeadmin.telemetry import JSONFormatter, RouteInsteadOfAddress

found = []  # what was let out since it was last asked for


@cache
def secrets() -> re.Pattern:
    from tests.factories import PASSWORD, SECRET

    return re.compile("|".join(map(re.escape, (PASSWORD, SECRET))))


@cache
def untold() -> re.Pattern:
    from tests.factories import CUSTOMER

    return re.compile(rf"{secrets().pattern}|\b{CUSTOMER}\b")


class Handler(logging.Handler):
    """Reads each record as it is written for operators, with its traceback."""

    def __init__(self):
        super().__init__()
        self.addFilter(RouteInsteadOfAddress())
        self.setFormatter(JSONFormatter())

    def emit(self, record):
        text = self.format(record)
        if untold().search(text):
            found.append(f"a line of the log: {text}")


class Middleware:
    """Reads where an answer leads to, and what it says when it is a refusal or a failure."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        texts = [response.get("Location", "")]
        if response.status_code >= 400 and not response.streaming:
            texts.append(response.content.decode(errors="replace"))
        found.extend(f"an answer: {text}" for text in texts if secrets().search(text))
        return response
