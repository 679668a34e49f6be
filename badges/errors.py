"""The error codes: number, HTTP status and message."""

from collections.abc import Mapping
from enum import IntEnum, unique
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from django.utils import translation
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from badges.models import RequestLog

# Stored and sent messages are in English, regardless of the language of the user.
LANGUAGE_OF_RECORD = "en"


@unique
class ErrorCode(IntEnum):
    """The code of a refusal, which integrators compare (CONTRACT.md, 3 and 5.14).

    Numbers from 2000 up belong to this project, lower ones to the contract. The status is 400 if
    the caller must change the request, and 409 if the caller must wait or arrange something first.
    Codes below 600 are those of HTTP.
    """

    http_status: HTTPStatus
    message: "StrOrPromise"

    def __new__(cls, number: int, http_status: HTTPStatus, message: "StrOrPromise") -> Self:
        member = int.__new__(cls, number)
        member._value_ = number
        member.http_status, member.message = http_status, message
        return member

    INVALID_INPUT = 400, HTTPStatus.BAD_REQUEST, _("The value is not valid.")
    NOT_AUTHENTICATED = 401, HTTPStatus.UNAUTHORIZED, _("Valid credentials are needed.")
    NOT_ALLOWED = 403, HTTPStatus.FORBIDDEN, _("Your access group does not allow this.")
    NOT_FOUND = 404, HTTPStatus.NOT_FOUND, _("There is no such badge.")
    METHOD_NOT_ALLOWED = 405, HTTPStatus.METHOD_NOT_ALLOWED, _("The method is not allowed here.")
    BODY_INCOMPLETE = (
        408,
        HTTPStatus.REQUEST_TIMEOUT,
        _("The request did not arrive in full, or took too long."),
    )
    CHANGED_MEANWHILE = (
        412,
        HTTPStatus.PRECONDITION_FAILED,
        _("Somebody has changed this meanwhile."),
    )
    BODY_TOO_LARGE = (
        413,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        _("The body is larger than 10 megabytes."),
    )
    MEDIA_TYPE_NOT_SUPPORTED = (
        415,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        _("The body must be application/json."),
    )
    TOO_MANY_REQUESTS = 429, HTTPStatus.TOO_MANY_REQUESTS, _("Too many requests; wait and retry.")
    UNAVAILABLE = (
        503,
        HTTPStatus.SERVICE_UNAVAILABLE,
        _("The service is not available now; send the same request again."),
    )
    OWNER_NOT_ALLOWED = 714, HTTPStatus.BAD_REQUEST, _("The badge does not have this owner.")
    BADGE_ID_MISSING = (
        715,
        HTTPStatus.BAD_REQUEST,
        _("Name the badge: no single badge is claimed by this owner and reference."),
    )
    OWNER_TYPE_MISSING = 716, HTTPStatus.BAD_REQUEST, _("The owner type is missing.")
    REFERENCE_ID_MISSING = 717, HTTPStatus.BAD_REQUEST, _("The reference id is missing.")
    ENDS_BEFORE_START = 720, HTTPStatus.BAD_REQUEST, _("The start must be before the end.")
    START_TOO_EARLY = 722, HTTPStatus.BAD_REQUEST, _("The start is more than 100 years ago.")
    START_IS_FIXED = 723, HTTPStatus.BAD_REQUEST, _("The start of a live badge cannot change.")
    ENDS_IN_PAST = 724, HTTPStatus.BAD_REQUEST, _("The new end lies in the past.")
    NAME_TAKEN = 725, HTTPStatus.BAD_REQUEST, _("Another badge has this name.")
    OWNERS_MISSING = 727, HTTPStatus.BAD_REQUEST, _("The owners of the badge are missing.")
    OWNER_NEEDED = 728, HTTPStatus.BAD_REQUEST, _("A badge needs at least one owner.")
    GROUP_RANK_MISSING = 732, HTTPStatus.BAD_REQUEST, _("The rank of the group is missing.")
    GROUP_NAME_TAKEN = 733, HTTPStatus.BAD_REQUEST, _("Another active group has this name.")
    CLAIM_NOT_FOUND = 737, HTTPStatus.NOT_FOUND, _("There is no such active claim.")
    OWNER_HAS_CLAIM = (
        738,
        HTTPStatus.CONFLICT,
        _("The owner has an active claim and cannot be removed."),
    )
    FIELD_NAME_TAKEN = (
        740,
        HTTPStatus.BAD_REQUEST,
        _("Another active custom field has this name."),
    )
    DATA_TYPE_MISSING = 741, HTTPStatus.BAD_REQUEST, _("The type of data is missing.")
    DEFAULT_NEEDED = (
        742,
        HTTPStatus.BAD_REQUEST,
        _("A mandatory custom field needs a default value."),
    )
    DEFAULT_NOT_NUMERIC = (
        744,
        HTTPStatus.BAD_REQUEST,
        _("The default of this custom field must be a whole number."),
    )
    EVENT_IN_FUTURE = (
        750,
        HTTPStatus.BAD_REQUEST,
        _("The event date is more than 24 hours ahead."),
    )
    REQUEST_ID_MISSING = 804, HTTPStatus.BAD_REQUEST, _("The request id is missing.")
    DUPLICATE_REQUEST = 809, HTTPStatus.BAD_REQUEST, _("This request id was already used.")
    CLAIM_REQUIRED = 810, HTTPStatus.CONFLICT, _("The owner must claim the badge first.")
    ENROLMENT_REQUIRED = (
        811,
        HTTPStatus.CONFLICT,
        _("The customer has no enrolment that covers the event date."),
    )
    CUSTOMER_ID_MISSING = 812, HTTPStatus.BAD_REQUEST, _("The customer id is missing.")
    NOTHING_TO_REVOKE = (
        814,
        HTTPStatus.CONFLICT,
        _("The customer does not hold this issued badge, or it is revoked already."),
    )
    BADGE_NOT_LIVE = 815, HTTPStatus.CONFLICT, _("The badge is inactive or has not begun.")
    OUTSIDE_WINDOW = (
        816,
        HTTPStatus.BAD_REQUEST,
        _("The event date lies outside the period of the badge."),
    )
    ALREADY_CLAIMED = 900, HTTPStatus.OK, _("The owner has claimed the badge already.")
    WINDOW_KIND_IS_FIXED = (
        826,
        HTTPStatus.BAD_REQUEST,
        _("A live badge cannot change between fixed windows and other limits."),
    )
    EARN_TYPE_IS_FIXED = 1020, HTTPStatus.BAD_REQUEST, _("The earn type cannot change.")
    UNKNOWN_IDENTIFIER = (
        1028,
        HTTPStatus.BAD_REQUEST,
        _("Only numeric customer IDs are supported."),
    )
    ENROLMENT_OVERLAPS = (
        1040,
        HTTPStatus.CONFLICT,
        _("The customer already has an enrolment in this period."),
    )
    NOBODY_NAMED = (
        1051,
        HTTPStatus.BAD_REQUEST,
        _("Name customers or enrolments to revoke."),
    )
    BADGE_NOT_IN_ORGANISATION = (
        1054,
        HTTPStatus.NOT_FOUND,
        _("This organisation has no such badge."),
    )
    CUSTOMER_LIMIT_REACHED = (
        2001,
        HTTPStatus.CONFLICT,
        _("The customer has reached a limit of this badge."),
    )
    BADGE_LIMIT_REACHED = 2002, HTTPStatus.CONFLICT, _("The badge has reached its limit.")
    TOO_MANY_ITEMS = 2003, HTTPStatus.BAD_REQUEST, _("Too many items in one call.")
    REPEATED_CUSTOMER = 2004, HTTPStatus.OK, _("A customer named several times counts once.")
    NOT_REVOKED = (
        2005,
        HTTPStatus.CONFLICT,
        _("Only a revoked one of the same customer and badge can be issued again."),
    )
    UNKNOWN_FIELD = 2006, HTTPStatus.OK, _("This field is unknown and was ignored.")
    TWIN_DIFFERS = (
        2007,
        HTTPStatus.OK,
        _("This field differs from the one that takes precedence, and was ignored."),
    )
    TWIN_NOT_READ = (
        2008,
        HTTPStatus.OK,
        _("This field is invalid; the one that takes precedence was used."),
    )
    KEY_REUSED = (
        422,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        _("This Idempotency-Key was used for another request."),
    )
    KEY_IN_USE = (
        409,
        HTTPStatus.CONFLICT,
        _("A request with this Idempotency-Key is still running; wait and retry."),
    )
    UNEXPECTED = 999999, HTTPStatus.INTERNAL_SERVER_ERROR, _("Unexpected error.")


class BusyError(Exception):
    """Too much work of one kind is in progress; nothing was done, and a retry is possible."""


class BadgeError(Exception):
    """A refusal, raised by rules and services; only the entry points translate it into words.

    `field` is the name of the invalid argument of the service, or None. `message` is more specific
    than the text of the code, and contains the `values` that it names. `original` is the accepted
    request with the same id, set only for the actor that made it, and `identical` is whether both
    have the same content.
    """

    original: "RequestLog | None" = None
    identical = False
    recorded = False  # set once the refusal is in the request log

    def __init__(
        self,
        code: ErrorCode,
        field: str | None = None,
        message: "StrOrPromise | None" = None,
        values: Mapping[str, object] | None = None,
    ):
        super().__init__(code, field)
        self.code = code
        self.field = field
        self.template: StrOrPromise = message or code.message
        self.values = values

    @property
    def message(self) -> str:
        """The message in the language of the current user."""
        return self.template % self.values if self.values else str(self.template)

    @property
    def message_on_record(self) -> str:
        """The message in the language of stored data."""
        with translation.override(LANGUAGE_OF_RECORD):
            return self.message


def in_words(code: int, recorded: str = "") -> str:
    """Return a recorded refusal in the language of the current user.

    The recorded English text is the key of the translation. A text with inserted values has no
    translation, so it is appended to the translated text of the code.
    """
    translated = translation.gettext(recorded)
    if translated != recorded or (recorded and translation.get_language() == LANGUAGE_OF_RECORD):
        return translated
    text = next((str(code_member.message) for code_member in ErrorCode if code_member == code), "")
    return f"{text} ({recorded})" if text and recorded else text or recorded


def error_table() -> str:
    """Return the codes with their HTTP status and text as a Markdown table."""
    rows = [f"| {code:d} | {code.http_status:d} | {code.message} |" for code in sorted(ErrorCode)]
    return "\n".join(["| code | HTTP | meaning |", "|--:|--:|---|", *rows])
