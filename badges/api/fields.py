"""The types of the wire, each as strict as the contract is."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.models.ids import GREATEST_CUSTOMER_ID
from badges.moments import EPOCH

LEAST_EPOCH_SECONDS = -62_135_596_800  # the year 1
GREATEST_EPOCH_SECONDS = 10**11
LONGEST_REQUEST_ID = 100


def iso(moment: datetime) -> str:
    """Return a moment as the wire has it: UTC, whole seconds, Z."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def epoch(moment: datetime) -> Decimal:
    """Return a moment as epoch seconds, exact to the microsecond (design, 3.13)."""
    elapsed = moment - EPOCH
    microseconds = (elapsed.days * 86_400 + elapsed.seconds) * 10**6 + elapsed.microseconds
    return Decimal(microseconds).scaleb(-6)


class TextField(serializers.CharField):
    """A JSON string as it was sent; numbers and booleans are none."""

    def __init__(self, **kwargs):
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NameField(TextField):
    """A name, without the blanks around it."""

    def to_internal_value(self, data):
        name = super().to_internal_value(data).strip()
        if not name:
            self.fail("blank")
        return name


class FlagField(serializers.BooleanField):
    """JSON true or false; 1, "yes" and their like are none."""

    default_error_messages = {"invalid": _("Must be true or false.")}

    def to_internal_value(self, data):
        if type(data) is not bool:
            self.fail("invalid")
        return data


class WholeNumberField(serializers.IntegerField):
    """A JSON integer; strings of digits, fractions and booleans are none."""

    def to_internal_value(self, data):
        if type(data) is not int:
            self.fail("invalid")
        return data


class OneOfField(serializers.ChoiceField):
    """A JSON string out of a list, case-sensitive; the refusal names the list.

    `aliases` gives further spellings and what they stand for.
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


class MeaningField(OneOfField):
    """A word out of a list; gives what the word means to us."""

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
            {"type": "integer", "minimum": 1, "maximum": GREATEST_CUSTOMER_ID},
            {"type": "string", "pattern": "^0*[1-9][0-9]{0,18}$"},
        ]
    }
)
class CustomerIdField(serializers.Field):
    """An integer of 1..2^63-1 or a string of ASCII digits; an empty string is a missing one."""

    default_error_messages = {
        "invalid": _("Must be an integer from 1 to 9223372036854775807, or a string of digits."),
        "blank": _("This field may not be blank."),
    }

    def to_internal_value(self, data):
        if data == "":
            self.fail("blank")
        if isinstance(data, str) and re.fullmatch("[0-9]{1,40}", data):
            data = int(data)
        if type(data) is not int or not 1 <= data <= GREATEST_CUSTOMER_ID:
            self.fail("invalid")
        return data

    def to_representation(self, value):
        return value


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "minLength": 1, "maxLength": LONGEST_REQUEST_ID},
            {"type": "integer"},
        ]
    }
)
class RequestIdField(serializers.Field):
    """A string of 1..100 characters or an integer; `2132` and `"2132"` are one id (design, 3.4)."""

    default_error_messages = {
        "invalid": _("Must be a string of 1 to 100 characters, or an integer."),
        "blank": _("This field may not be blank."),
    }

    def to_internal_value(self, data):
        if data == "":
            self.fail("blank")
        if type(data) is int:
            data = str(data)
        if not isinstance(data, str) or len(data) > LONGEST_REQUEST_ID:
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
                "minimum": LEAST_EPOCH_SECONDS,
                "maximum": GREATEST_EPOCH_SECONDS,
            },
        ]
    }
)
class MomentField(serializers.Field):
    """ISO 8601, without an offset in UTC, or epoch seconds; gives an aware moment in UTC.

    Numbers above 10^11 are milliseconds by mistake and refused instead of guessed (design, 3.9).
    """

    default_error_messages = {
        "invalid": _("Must be an ISO 8601 date with time, or a number of epoch seconds."),
        "milliseconds": _("The number is too large for epoch seconds; is it milliseconds?"),
    }

    def to_internal_value(self, data):
        if isinstance(data, str):
            return self._from_iso(data)
        if type(data) not in (int, float):
            self.fail("invalid")
        if abs(data) > GREATEST_EPOCH_SECONDS:
            self.fail("milliseconds")
        try:
            return EPOCH + timedelta(seconds=data)
        except OverflowError:
            self.fail("invalid")

    def _from_iso(self, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")

    def to_representation(self, value):
        return iso(value)


@extend_schema_field({"type": "string", "format": "date-time"})
class IsoMomentField(MomentField):
    """ISO 8601 alone."""

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return self._from_iso(data)


@extend_schema_field({"type": "number", "example": 1715070653.447744})
class EpochField(serializers.Field):
    """Epoch seconds as a JSON number."""

    def to_representation(self, value):
        return epoch(value)
