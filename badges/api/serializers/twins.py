"""Twin fields, which give one value in several forms; warnings about twin and unknown fields.

Of `expiresOn` and `expiresOnISO` the latter takes precedence (CONTRACT.md, 5.9). If the other field
differs or cannot be parsed, the response has a warning and no error. An unknown field causes a
warning, too.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from badges.errors import ErrorCode

ISO = "ISO"
MAX_WARNINGS = 20
# The fields that only responses contain; a client may send them back without effect.
READ_ONLY_FIELDS = frozenset(
    {
        *("id", "orgId", "createdBy", "createdOn", "createdOnISO"),
        *("lastUpdatedBy", "lastUpdatedOn", "lastUpdatedOnISO"),
    }
)


class TwinsSerializer(serializers.Serializer):
    """An input that uses only one field of each group of twin fields.

    `aliases` are groups of twin fields in order of precedence. A field and its `...ISO` form are a
    group without being listed. `response_only_fields` are further fields of responses, which cause
    no warning.
    """

    aliases: tuple[tuple[str, ...], ...] = ()
    response_only_fields: frozenset[str] = frozenset()

    def groups(self) -> list[tuple[str, ...]]:
        """Return the groups of twin fields, each in order of precedence."""
        grouped = {name for group in self.aliases for name in group}
        pairs = [(name + ISO, name) for name in self.fields if name + ISO in self.fields]
        return [*self.aliases, *(pair for pair in pairs if not grouped & set(pair))]

    def to_internal_value(self, data):
        if isinstance(data, Mapping):
            for group in self.groups():
                used = self._used_field(group, data)
                data = {name: data[name] for name in data if name == used or name not in group}
        return super().to_internal_value(data)

    def _used_field(self, group: tuple[str, ...], data: Mapping) -> str | None:
        """Return the used field of a group: the first given one, or a more precise twin.

        Responses give `...ISO` in whole seconds. A twin that agrees with it in whole seconds is
        used instead.
        """
        given = given_fields(group, data)
        if not given:
            return None
        preferred, *rest = given
        dt = self.datetime_of(preferred, data) if rest else None
        precise = (name for name in rest if _is_more_precise(self.datetime_of(name, data), dt))
        return next(precise, preferred)

    def datetime_of(self, name: str, data: Mapping) -> datetime | None:
        """Return the datetime in a field, or None if it is invalid."""
        try:
            return self.fields[name].run_validation(data[name])
        except serializers.ValidationError:
            return None


def given_fields(group: tuple[str, ...], data: Mapping) -> list[str]:
    """Return the given fields of a group, in order of precedence."""
    return [name for name in group if data.get(name) is not None]


def _is_more_precise(dt: datetime | None, other: datetime | None) -> bool:
    return dt is not None and other is not None and dt.replace(microsecond=0) == other


def input_warnings(serializer: serializers.BaseSerializer, data) -> list[dict]:
    """Return the warnings about an accepted body, with the path of each field."""
    warnings: list[dict[str, Any]] = []
    for code, path in _find_warnings(serializer, data, ""):
        if len(warnings) == MAX_WARNINGS:
            break
        warnings.append({"code": int(code), "message": str(code.message), "reference": path})
    return warnings


def _find_warnings(serializer, data, path: str) -> Iterator[tuple[ErrorCode, str]]:
    if isinstance(serializer, serializers.ListSerializer):
        for index, item in enumerate(data if isinstance(data, list) else ()):
            yield from _find_warnings(serializer.child, item, f"{path}{index}.")
    elif isinstance(serializer, serializers.Serializer) and isinstance(data, Mapping):
        fields = serializer.fields
        response_only_fields = getattr(serializer, "response_only_fields", ())
        for name in data:
            if name not in fields and name not in response_only_fields:
                yield ErrorCode.UNKNOWN_FIELD, path + name
        if isinstance(serializer, TwinsSerializer):
            yield from _pair_warnings(serializer, data, path)
        for name in data:
            if isinstance(fields.get(name), serializers.BaseSerializer):
                yield from _find_warnings(fields[name], data[name], f"{path}{name}.")


def _pair_warnings(serializer, data: Mapping, path: str) -> Iterator[tuple[ErrorCode, str]]:
    for group in serializer.groups():
        given = given_fields(group, data)
        if not given:
            continue
        preferred, *rest = given
        dt = serializer.datetime_of(preferred, data) if rest else None
        for name in rest:
            other = serializer.datetime_of(name, data)
            if other is None:
                yield ErrorCode.TWIN_NOT_READ, path + name
            elif other != dt and not _is_more_precise(other, dt):
                yield ErrorCode.TWIN_DIFFERS, path + name
