"""JSON as strict as the contract is: what could be read in two ways is refused (design, 3.15)."""

import json
import math

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from badges.errors import ErrorCode

MOST_BYTES = 10 * 1024 * 1024
DEEPEST = 32
MOST_DIGITS = 100


class BodyTooLarge(APIException):
    """The body has more than 10 megabytes."""

    status_code = ErrorCode.BODY_TOO_LARGE.http_status
    default_detail = ErrorCode.BODY_TOO_LARGE.message


class StrictJSONParser(BaseParser):
    """Refuses duplicate keys, NaN, NUL, lone surrogates, deep nesting and huge bodies."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        request = parser_context["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise BodyTooLarge
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise BodyTooLarge
        request.received = body
        return strict_json(body)


def text_of(body: bytes) -> str:
    """Return a body as the request log keeps it: what is no text is written as its escapes."""
    return body.decode(errors="backslashreplace").replace("\0", "\\0")


def strict_json(body: bytes):
    """Return the value of a JSON text in UTF-8. Raises ParseError with what is wrong."""
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8.") from None
    except RecursionError:
        raise ParseError("The body is nested too deeply.") from None
    except ValueError as error:
        raise ParseError(f"The body is not valid JSON: {error}") from None
    _check(value, depth=1)
    return value


def _object(pairs: list) -> dict:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ParseError("An object has the same key twice.")
    return value


def _refuse_constant(name: str):
    raise ParseError(f"{name} is not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ParseError("A number is too large.")
    return number


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ParseError("A number is too large.")
    return int(text)


def _check(value, depth: int) -> None:
    """Refuse what no database can keep, and nesting that no request needs."""
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict | list):
        if depth > DEEPEST:
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
