"""Query parameters: strings that are read as strictly as a body, and the pages they ask for."""

import re

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from badges.api.fields import (
    FlagField,
    MeaningField,
    MomentField,
    OneOfField,
    WholeNumberField,
)

DEFAULT_SIZE = 10
LARGEST_SIZE = 100
LAST_PAGE = 10**6


class QueryFlagField(FlagField):
    """The words `true` and `false`."""

    def to_internal_value(self, data):
        return super().to_internal_value({"true": True, "false": False}.get(data, data))


class QueryNumberField(WholeNumberField):
    """ASCII digits."""

    def to_internal_value(self, data):
        return super().to_internal_value(int(data) if re.fullmatch("-?[0-9]{1,19}", data) else data)


class QueryMomentField(MomentField):
    """ISO 8601, or epoch seconds."""

    def to_internal_value(self, data):
        is_number = re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", data)
        return super().to_internal_value(float(data) if is_number else data)


class SeveralOfField(OneOfField):
    """Values out of a list, between commas; gives a list."""

    def to_internal_value(self, data):
        one = super().to_internal_value
        return [one(each) for each in data.split(",")]


class Query(serializers.Serializer):
    """The parameters of a reading call; each at most once, and unknown ones are passed over."""

    @classmethod
    def of(cls, request) -> dict:
        """Return the validated parameters of a request."""
        given = request.query_params
        repeated = [name for name in cls().fields if len(given.getlist(name)) > 1]
        if repeated:
            raise ValidationError({name: ["This parameter is given twice."] for name in repeated})
        query = cls(data=given.dict())
        query.is_valid(raise_exception=True)
        return query.validated_data


class PageQuery(Query):
    """Which page of a list, of which size."""

    page = QueryNumberField(
        required=False, default=0, min_value=0, max_value=LAST_PAGE, help_text="Counted from 0."
    )
    size = QueryNumberField(
        required=False, default=DEFAULT_SIZE, min_value=1, max_value=LARGEST_SIZE
    )


class LimitQuery(PageQuery):
    """A list that knows `limit` as another word for `size`, which wins."""

    limit = QueryNumberField(required=False, min_value=1, max_value=LARGEST_SIZE)
    size = QueryNumberField(
        required=False,
        min_value=1,
        max_value=LARGEST_SIZE,
        help_text=f"Wins over `limit`; default: {DEFAULT_SIZE}.",
    )

    def validate(self, attrs):
        limit = attrs.pop("limit", DEFAULT_SIZE)
        return {"size": limit} | attrs


class OrderQuery(serializers.Serializer):
    """Which way a list runs."""

    order = MeaningField({"ASC": False, "DESC": True}, source="descending", default=False)


class Pagination(serializers.Serializer):
    """Where a page stands in its list."""

    page = serializers.IntegerField()
    size = serializers.IntegerField(help_text="As it was asked for.")
    total = serializers.IntegerField()
    totalPages = serializers.IntegerField()
