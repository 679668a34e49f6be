"""Serializer fields for the types of the wire format, each as strict as the contract."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.models.ids import MAX_CUSTOMER_ID
from badges.models.names import clean_name
from badges.times import EPOCH, parse_datetime

MIN_EPOCH_SECONDS = -62_135_596_800  # the year 1
MAX_EPOCH_SECONDS = 10**11
MAX_REQUEST_ID_LENGTH = 100


def iso(dt: datetime) -> str:
    """Return a datetime in the wire format: UTC, whole seconds, Z."""
    return dt.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def epoch(dt: datetime) -> Decimal:
    """Return a datetime as epoch seconds, exact to the microsecond (CONTRACT.md, 5.13)."""
    elapsed = dt - EPOCH
    microseconds = (elapsed.days * 86_400 + elapsed.seconds) * 10**6 + elapsed.microseconds
    return Decimal(microseconds).scaleb(-6)


class TextField(serializers.CharField):
    """A JSON string, which is not stripped; numbers and booleans are refused."""

    def __init__(self, **kwargs):
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NameField(TextField):
    """A name, which is converted to its normal form (CONTRACT.md, 5.20)."""

    def to_internal_value(self, data):
        try:
            name = clean_name(super().to_internal_value(data))
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from error
        if not name:
            self.fail("blank")
        return name


class StrictBooleanField(serializers.BooleanField):
    """JSON true or false; other values such as 1 and "yes" are refused."""

    default_error_messages = {"invalid": _("Must be true or false.")}

    def to_internal_value(self, data):
        if type(data) is not bool:
            self.fail("invalid")
        return data


class WholeNumberField(serializers.IntegerField):
    """A JSON integer; strings of digits, fractions and booleans are refused."""

    def to_internal_value(self, data):
        if type(data) is not int:
            self.fail("invalid")
        return data


class StrictChoiceField(serializers.ChoiceField):
    """A JSON string from a list, case-sensitive; the error message contains the list.

    `aliases` maps further spellings to values of the list.
    """

    default_error_messages = {
        "blank": _("This field may not be blank."),
        "invalid_choice": _("Must be one of: {allowed}."),
    }

    def __init__(self, choices, aliases=None, **kwargs):
        super().__init__(choices, **kwargs)
        self.aliases = aliases or {}

    def to_internal_value(self, data):
        if data == "":
            self.fail("blank")
        if isinstance(data, str):
            data = self.aliases.get(data, data)
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", allowed=", ".join(self.choices))
        return data


class MappedChoiceField(StrictChoiceField):
    """A JSON string from a list, which is converted to its internal value."""

    def __init__(self, meanings, **kwargs):
        super().__init__(list(meanings), **kwargs)
        self.meanings = meanings

    def to_internal_value(self, data):
        return self.meanings[super().to_internal_value(data)]

    def to_representation(self, value):
        return next(word for word, meaning in self.meanings.items() if meaning == value)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "integer", "minimum": 1, "maximum": MAX_CUSTOMER_ID},
            {"type": "string", "pattern": "^0*[1-9][0-9]{0,18}$"},
        ]
    }
)
class CustomerIdField(serializers.Field):
    """An integer of 1..2^63-1 or a string of ASCII digits; an empty string counts as missing."""

    default_error_messages = {
        "invalid": _("Must be an integer from 1 to 9223372036854775807, or a string of digits."),
        "blank": _("This field may not be blank."),
    }

    def to_internal_value(self, data):
        if data == "":
            self.fail("blank")
        if isinstance(data, str) and re.fullmatch("[0-9]{1,40}", data):
            data = int(data)
        if type(data) is not int or not 1 <= data <= MAX_CUSTOMER_ID:
            self.fail("invalid")
        return data

    def to_representation(self, value):
        return value


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "minLength": 1, "maxLength": MAX_REQUEST_ID_LENGTH},
            {"type": "integer"},
        ]
    }
)
class RequestIdField(serializers.Field):
    """A string of 1..100 characters or an integer; 1 and "1" are one id (CONTRACT.md, 5.4)."""

    default_error_messages = {
        "invalid": _("Must be a string of 1 to 100 characters, or an integer."),
        "blank": _("This field may not be blank."),
    }

    def to_internal_value(self, data):
        if data == "":
            self.fail("blank")
        if type(data) is int:
            data = str(data)
        if not isinstance(data, str) or len(data) > MAX_REQUEST_ID_LENGTH:
            self.fail("invalid")
        return data

    def to_representation(self, value):
        return value


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "format": "date-time"},
            {
                "type": "number",
                "minimum": MIN_EPOCH_SECONDS,
                "maximum": MAX_EPOCH_SECONDS,
            },
        ]
    }
)
class WireDateTimeField(serializers.Field):
    """A date, an RFC 3339 date-time (UTC if it has no offset) or epoch seconds; gives UTC.

    Numbers above 10^11 are presumably milliseconds and are refused (CONTRACT.md, 5.9).
    """

    default_error_messages = {
        "invalid": _(
            "Must be an ISO 8601 date with time (RFC 3339), a date, or a number of epoch seconds."
        ),
        "milliseconds": _("The number is too large for epoch seconds; is it milliseconds?"),
    }

    def to_internal_value(self, data):
        if isinstance(data, str):
            return self._from_iso(data)
        if type(data) not in (int, float):
            self.fail("invalid")
        if abs(data) > MAX_EPOCH_SECONDS:
            self.fail("milliseconds")
        try:
            return EPOCH + timedelta(seconds=data)
        except OverflowError:
            self.fail("invalid")

    def _from_iso(self, text: str) -> datetime:  # type: ignore[return]  # `fail` raises
        try:
            return parse_datetime(text)
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value):
        return iso(value)


@extend_schema_field({"type": "string", "format": "date-time"})
class IsoDateTimeField(WireDateTimeField):
    """A date or an RFC 3339 date-time; numbers are refused."""

    default_error_messages = {
        "invalid": _("Must be an ISO 8601 date with time (RFC 3339), or a date."),
    }

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return self._from_iso(data)


@extend_schema_field({"type": "number", "example": 1715070653.447744})
class EpochField(serializers.Field):
    """Epoch seconds as a JSON number."""

    def to_representation(self, value):
        return epoch(value)
