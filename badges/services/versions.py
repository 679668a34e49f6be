"""Edits with optimistic locking: lock the row, compare its version, write the changed columns.

Every edit of a badge, a badge group, a custom field, an integrator, a member of staff or an access
group uses `locked` and `save_changes`, so that an edit on an outdated page cannot overwrite a newer
change.
"""

import hashlib
import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import BadgeMeta, is_id
from badges.models.ids import HexIdField
from badges.models.querysets import ModelT

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Columns that change without an edit of the row, or only record its author and time.
NOT_EDITED = {
    *("created", "created_at", "created_by", "updated", "updated_at", "updated_by"),
    *("date_joined", "last_login", "password", "stamp"),
}
VERSION_LENGTH = 32
# The attribute of a locked row that holds its columns as they were read.
COLUMNS_WHEN_LOCKED = "columns_when_locked"


def version_of(row: Model) -> str:
    """Return the version of a row as it was read; every edit changes it.

    A badge has a version number. The version of any other row is a hash of its contents, so that
    every writer changes it: commands, Django's own code, and an older release that runs at the same
    time.
    """
    if isinstance(row, BadgeMeta):
        return str(row.version)
    columns = {name: value for name, value in _columns_of(row).items() if name not in NOT_EDITED}
    relations = {
        field.name: list(getattr(row, field.name).order_by("pk").values_list("pk", flat=True))
        for field in row._meta.many_to_many
    }
    text = json.dumps([columns, relations], cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:VERSION_LENGTH]


def locked(
    model: type[ModelT],
    pk: str | int,
    *,
    seen: Collection[str] | None = None,
    field: str = "pk",
    message: "StrOrPromise | None" = None,
) -> ModelT:
    """Return the row, locked against other edits until the transaction ends.

    With `seen` the row must have one of these versions: the version that a page has shown, or those
    that an API client has sent. Raises BadgeError: 404, 412.
    """
    # The lock of a badge waits for transactions that write earned badges or enrolments of it. The
    # lock of another row allows new references to it, for example from the request log.
    rows = model._default_manager.select_for_update(no_key=model is not BadgeMeta)
    can_exist = is_id(str(pk)) if isinstance(model._meta.pk, HexIdField) else True
    row = rows.filter(pk=pk).first() if can_exist else None
    if row is None:
        message = message or _("Nothing has this id.")
        raise BadgeError(ErrorCode.NOT_FOUND, field, message)
    check_version(row, seen)
    vars(row)[COLUMNS_WHEN_LOCKED] = _columns_of(row)
    return row


def check_version(row: Model, seen: Collection[str] | None) -> None:
    """Refuse a row whose version is not in `seen`, if versions are given (412).

    Call it under the lock of the row.
    """
    if seen is not None and version_of(row) not in seen:
        raise BadgeError(ErrorCode.CHANGED_MEANWHILE)


def save_changes(row: Model) -> None:
    """Insert a new row, or write the changed columns of a row that `locked` returned."""
    if row._state.adding:
        row.save(force_insert=True)
        return
    old_values = vars(row)[COLUMNS_WHEN_LOCKED]
    changed = [
        field.name
        for field in row._meta.concrete_fields
        if getattr(row, field.attname) != old_values[field.attname]
        or getattr(field, "auto_now", False)
    ]
    row.save(update_fields=changed)


def _columns_of(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
