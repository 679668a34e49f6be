"""Find and replace the number of one customer in texts and JSON values, in every spelling.

It can have leading zeros, be a string or a number, have JSON, URL or HTML escapes, use other
decimal digits of Unicode and, from six digits on, have thousands separators.
"""

import json
import re
import sys
import unicodedata
from functools import cache
from typing import Any

from django.db.models import Q

# Separators between the groups of a number, in all countries, as characters of a pattern. Blanks
# are tight if they join the groups of one number: no-break, of fixed width, or of zero width.
TIGHT_BLANKS = "\u00a0\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff"
APOSTROPHES = "'`\u00b4\u02bc\u2018\u2019\uff07"
POINTS = ".,\u00b7\u060c\u066b\u066c\u3001\uff0c\uff0e"
DASHES = "_\\-\u2010-\u2013"
MARKS = f"{POINTS}{APOSTROPHES}{DASHES}{TIGHT_BLANKS}"
SEPARATORS = f" {MARKS}"
FIRST_NON_CODE = 10_000
MIN_GROUPED_LENGTH = 6  # "1.001" is more likely a fraction, and "12,345" two customers
ESCAPES = re.compile(
    r"(?<!\\)\\+u00(?P<json>3[0-9])|%(?P<url>3[0-9])"
    r"|&#0*(?P<html>4[89]|5[0-7]);|&#[xX]0*(?P<hex>3[0-9]);"
)
# The pattern that the database searches for besides the number itself; Python then checks the rows.
# The last alternative is a JSON number with an exponent.
SUSPICIOUS = r"[^" + "\x01-\x7f" + r"]|\\u|%3[0-9]|&#|[:,[ ][0-9][0-9.]*[eE][+-]?[0-9]"


class Spelling:
    """The possible spellings of the number of a customer in a text."""

    def __init__(self, customer_id: int):
        self._number = customer_id
        self._text = str(customer_id)
        first, *groups = f"{customer_id:,}".split(",")
        self._groups = [first, *groups] if len(self._text) >= MIN_GROUPED_LENGTH else []
        spellings = [self._text]
        if self._groups:
            separator = f"(?P<separator>[{SEPARATORS}])"
            rest = "(?P=separator)".join(groups)
            spellings.append(f"{first}{separator}{rest}")
        self._pattern = re.compile(rf"(?<![0-9])0*(?:{'|'.join(spellings)})(?![0-9])")

    def may_be_in(self, column: str) -> Q:
        """Return the condition for values of a column, as text, that may contain the number."""
        pattern = SUSPICIOUS
        if self._groups:
            pattern += f"|{f'[{SEPARATORS}]'.join(self._groups)}"
        return Q(**{f"{column}__contains": self._text}) | Q(**{f"{column}__regex": pattern})

    def is_in(self, value: Any) -> bool:
        """Return whether a text or JSON value names the customer."""
        return bool(self.replaced(value, "") != value)

    def replaced(self, value: Any, replacement: str) -> Any:
        """Return a text or JSON value with the number replaced by `replacement`."""
        if isinstance(value, str):
            return self._in_text(value, replacement)
        if isinstance(value, dict):
            return {
                self._in_text(name, replacement): inner
                if _is_error_code(name, inner)
                else self.replaced(inner, replacement)
                for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self.replaced(inner, replacement) for inner in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _number(replacement) if value == self._number else value
        return value

    def _in_text(self, text: str, replacement: str) -> str:
        text = self._in_json(text, replacement)
        plain = _plain(text)
        return self._pattern.sub(replacement, plain) if self._pattern.search(plain) else text

    def _in_json(self, text: str, replacement: str) -> str:
        """Return a JSON text with its values rewritten, and any other text unchanged."""
        if not text.lstrip().startswith(("{", "[")):
            return text
        try:
            value = json.loads(text, object_pairs_hook=_without_twins)
        except (ValueError, RecursionError):
            return text
        rewritten = self.replaced(value, replacement)
        return text if rewritten == value else json.dumps(rewritten, ensure_ascii=False)


def _plain(text: str) -> str:
    """Return a text with all its digits converted to ASCII."""
    plain = ESCAPES.sub(_digit, text)
    return plain if plain.isascii() else plain.translate(_digits())


def _number(replacement: str) -> int | str:
    return int(replacement) if replacement.isdigit() else replacement


def _is_error_code(name: str, value: object) -> bool:
    """Return whether a member of an object is an error code, which may equal a short number."""
    return name == "code" and isinstance(value, int) and value < FIRST_NON_CODE


def _digit(escape: re.Match[str]) -> str:
    if escape["html"]:
        return chr(int(escape["html"]))
    return chr(int(escape["json"] or escape["url"] or escape["hex"], 16))


@cache
def _digits() -> dict[int, str]:
    """Return a mapping of the decimal digits of all scripts to ASCII digits."""
    return {
        code: str(unicodedata.decimal(chr(code)))
        for code in range(128, sys.maxunicode + 1)
        if unicodedata.category(chr(code)) == "Nd"
    }


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object. Raises ValueError if a name occurs twice: one value would be lost."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members
