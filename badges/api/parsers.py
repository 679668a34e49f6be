"""A strict JSON parser, which refuses ambiguous input (CONTRACT.md, 5.15)."""

import json
import math
import re

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from badges.errors import ErrorCode

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 100
MAX_VALUES = 500_000
STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


class BodyTooLarge(APIException):
    """The body has more than 10 megabytes."""

    status_code = ErrorCode.BODY_TOO_LARGE.http_status
    default_detail = ErrorCode.BODY_TOO_LARGE.message


class StrictJSONParser(BaseParser):
    """Refuses duplicate keys, NaN, NUL, lone surrogates, deep nesting and huge bodies."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        request = parser_context["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
            raise BodyTooLarge
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise BodyTooLarge
        request.raw_body = body
        return strict_json(body)


def decode_body(body: bytes) -> str:
    """Return a body as text for the request log; bytes that are not UTF-8 and NUL are escaped."""
    return body.decode(errors="backslashreplace").replace("\0", "\\0")


def strict_json(body: bytes):
    """Return the value of a JSON text in UTF-8. Raises ParseError with the reason."""
    if (
        _count_separators(body) > MAX_VALUES
        and _count_separators(STRING.sub(b"", body)) > MAX_VALUES
    ):
        raise ParseError(f"The body has more than {MAX_VALUES:,} values.")
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_parse_object,
            parse_constant=_refuse_constant,
            parse_float=_parse_float,
            parse_int=_parse_int,
        )
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8.") from None
    except RecursionError:
        raise ParseError("The body is nested too deeply.") from None
    except ValueError as error:
        raise ParseError(f"The body is not valid JSON: {error}") from None
    _check(value, depth=1)
    return value


def _count_separators(body: bytes) -> int:
    """Return an upper bound of the number of nested values, without parsing them."""
    return sum(map(body.count, (b",", b"[", b"{")))


def _parse_object(pairs: list) -> dict:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ParseError("An object has the same key twice.")
    return value


def _refuse_constant(name: str):
    raise ParseError(f"{name} is not JSON.")


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ParseError("A number is too large.")
    return number


def _parse_int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ParseError("A number is too large.")
    return int(text)


def _check(value, depth: int) -> None:
    """Refuse texts that a database cannot store, and deep nesting."""
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise ParseError("The body is nested too deeply.")
        for item in value:
            _check(item, depth + 1)
        if isinstance(value, dict):
            for item in value.values():
                _check(item, depth + 1)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ParseError("A text holds a NUL character.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ParseError("A text holds half of a surrogate pair.")
