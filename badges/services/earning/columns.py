"""The columns that an earn inserts, with their types in PostgreSQL, derived from the models.

A new column of `EarnedBadge` is declared in the model and in `command.Earned`; a new column of
`RequestLog` in the model and in `Origin` or `EarnCommand`. The statements then contain it, and
`tests/services/earning/test_columns.py` fails if one of the two declarations is missing.
"""

from typing import Any

from django.db import connection
from django.db.models import Field, Model
from oauth2_provider.models import get_access_token_model

from badges.models import BadgeMeta, EarnedBadge, Integrator, RequestLog
from badges.models.values import required


def type_of(field: "Field[Any, Any]") -> str:
    """Return the type of a column without its length.

    A cast to a type with a length would cut a longer text instead of refusing it.
    """
    return required(field.db_type(connection)).partition("(")[0]


def columns_of(model: type[Model], *, without: set[str]) -> dict[str, str]:
    """Return the types of the columns of a model by name, except those in `without`."""
    return {
        required(field.column): type_of(field)
        for field in model._meta.concrete_fields
        if field.column not in without
    }


# A revocation fills the other columns.
EARNED = columns_of(EarnedBadge, without={"revoked_at", "revocation_id"})
# PostgreSQL assigns the id, and only a refusal has a code.
REQUEST = columns_of(RequestLog, without={"id", "code"})
# The values of a command that the fast path compares with the current ones.
CHECKED = {
    "badge_version": type_of(BadgeMeta._meta.get_field("version")),
    "stamp": type_of(Integrator._meta.get_field("stamp")),
    "token_id": type_of(get_access_token_model()._meta.pk),
}
