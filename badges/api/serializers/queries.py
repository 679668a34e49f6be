"""Query parameters, which are validated as strictly as a body, and paging."""

import re

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from badges.api.fields import (
    MappedChoiceField,
    StrictBooleanField,
    StrictChoiceField,
    WholeNumberField,
    WireDateTimeField,
)

DEFAULT_SIZE = 10
MAX_SIZE = 100
LAST_PAGE = 10**6


class QueryFlagField(StrictBooleanField):
    """A boolean parameter: `true` or `false`."""

    def to_internal_value(self, data):
        return super().to_internal_value({"true": True, "false": False}.get(data, data))


class QueryNumberField(WholeNumberField):
    """An integer parameter in ASCII digits."""

    def to_internal_value(self, data):
        return super().to_internal_value(int(data) if re.fullmatch("-?[0-9]{1,19}", data) else data)


class QueryDateTimeField(WireDateTimeField):
    """A datetime parameter in ISO 8601 or epoch seconds."""

    def to_internal_value(self, data):
        is_number = re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", data)
        return super().to_internal_value(float(data) if is_number else data)


class MultipleChoiceField(serializers.ListField):
    """Choices separated by commas, which are converted to a list."""

    def __init__(self, choices, aliases=None, **kwargs):
        super().__init__(child=StrictChoiceField(choices, aliases), min_length=1, **kwargs)

    def to_internal_value(self, data):
        return [self.child.run_validation(choice) for choice in data.split(",")]


class Query(serializers.Serializer):
    """The parameters of a reading call; repeated ones are refused, unknown ones are ignored."""

    @classmethod
    def of(cls, request) -> dict:
        """Return the validated parameters of a request."""
        parameters = request.query_params
        repeated = [name for name in cls().fields if len(parameters.getlist(name)) > 1]
        if repeated:
            raise ValidationError({name: ["This parameter is given twice."] for name in repeated})
        query = cls(data=parameters.dict())
        query.is_valid(raise_exception=True)
        return query.validated_data


class PageQuery(Query):
    """The number and the size of a page."""

    page = QueryNumberField(
        required=False,
        default=0,
        min_value=0,
        max_value=LAST_PAGE,
        help_text="The page number, starting at 0.",
    )
    size = QueryNumberField(required=False, default=DEFAULT_SIZE, min_value=1, max_value=MAX_SIZE)


class LimitQuery(PageQuery):
    """The number and the size of a page; `limit` is an alias of `size`, which takes precedence."""

    limit = QueryNumberField(required=False, min_value=1, max_value=MAX_SIZE)
    size = QueryNumberField(
        required=False,
        min_value=1,
        max_value=MAX_SIZE,
        help_text=f"Takes precedence over `limit`; default: {DEFAULT_SIZE}.",
    )

    def validate(self, attrs):
        limit = attrs.pop("limit", DEFAULT_SIZE)
        return {"size": limit} | attrs


class OrderQuery(serializers.Serializer):
    """The sort order of a list."""

    order = MappedChoiceField({"ASC": False, "DESC": True}, source="descending", default=False)


class Pagination(serializers.Serializer):
    """The position of a page in its list."""

    page = serializers.IntegerField()
    size = serializers.IntegerField(help_text="The requested page size.")
    total = serializers.IntegerField()
    totalPages = serializers.IntegerField()
