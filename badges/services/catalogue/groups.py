"""Badge groups and custom fields: how badges are displayed."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict, Unpack

from django.db import IntegrityError, connection
from django.utils import timezone

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import BadgeGroup, CustomField, IssueReason, Operation
from badges.services.request_log import Origin, logged_request
from badges.services.versions import locked, save_changes

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CUSTOM_FIELDS_LOCK = "badges.custom_fields"  # the name of an advisory lock


class CustomFieldChanges(TypedDict, total=False):
    """New values of the columns of a custom field."""

    name: str
    data_type: str
    is_mandatory: bool
    default_value: str
    active: bool


def create_group(
    *, origin: Origin, name: str, rank: int, now: datetime | None = None
) -> BadgeGroup:
    """Create a group. Raises BadgeError: 733 (CONTRACT.md, 2.17)."""
    with logged_request(Operation.CREATE_GROUP, origin=origin, now=now or timezone.now()):
        group = BadgeGroup(name=name, rank=rank, created_by=origin.number)
        save_named(group, origin, ErrorCode.GROUP_NAME_TAKEN)
    return group


def update_group(
    *,
    origin: Origin,
    group_id: str,
    name: str | None = None,
    rank: int | None = None,
    active: bool | None = None,
    seen: Collection[str] | None = None,
    now: datetime | None = None,
) -> BadgeGroup:
    """Change a group; the badges of a disabled group count as ungrouped.

    Arguments that are left out change nothing. The version of the group must be in `seen`, if
    given. Raises BadgeError: 404, 412, 733.
    """
    with logged_request(Operation.UPDATE_GROUP, origin=origin, now=now or timezone.now()):
        group = locked(BadgeGroup, group_id, seen=seen)
        changes = {"name": name, "rank": rank, "active": active}
        for column, value in changes.items():
            setattr(group, column, getattr(group, column) if value is None else value)
        save_named(group, origin, ErrorCode.GROUP_NAME_TAKEN)
    return group


def create_custom_field(
    *,
    origin: Origin,
    name: str,
    data_type: str,
    is_mandatory: bool = False,
    default_value: str = "",
    now: datetime | None = None,
) -> CustomField:
    """Create a custom field. Raises BadgeError: 740, 742, 744, 400, 2003 (CONTRACT.md, 2.18)."""
    with logged_request(Operation.CREATE_CUSTOM_FIELD, origin=origin, now=now or timezone.now()):
        rules.check_custom_field(data_type, mandatory=is_mandatory, default=default_value)
        _lock_custom_fields()
        rules.check_custom_field_limit(CustomField.objects.filter(active=True).count())
        field = CustomField(
            name=name,
            data_type=data_type,
            is_mandatory=is_mandatory,
            default_value=default_value,
            created_by=origin.number,
        )
        save_named(field, origin, ErrorCode.FIELD_NAME_TAKEN)
    return field


def update_custom_field(
    *,
    origin: Origin,
    field_id: str,
    seen: Collection[str] | None = None,
    now: datetime | None = None,
    **changes: Unpack[CustomFieldChanges],
) -> CustomField:
    """Change the columns of a custom field, except its type; a disabled field stays disabled.

    Arguments that are left out change nothing. The version of the field must be in `seen`, if
    given. Raises BadgeError: 404, 412, 740, 742, 744, 400.
    """
    with logged_request(Operation.UPDATE_CUSTOM_FIELD, origin=origin, now=now or timezone.now()):
        field = locked(CustomField, field_id, seen=seen)
        old_type, was_active = field.data_type, field.active
        for name, value in changes.items():
            setattr(field, name, value)
        rules.check_custom_field_change(old_type, field.data_type, was_active, field.active)
        rules.check_custom_field(
            field.data_type, mandatory=field.is_mandatory, default=field.default_value
        )
        save_named(field, origin, ErrorCode.FIELD_NAME_TAKEN)
    return field


def _lock_custom_fields() -> None:
    """Lock the number of custom fields until the transaction ends.

    No lock of a row covers a row that another transaction is about to insert.
    """
    if connection.vendor != "postgresql":  # SQLite: the transaction already locks the database
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [CUSTOM_FIELDS_LOCK]
        )


def save_named(
    row: BadgeGroup | CustomField | IssueReason,
    origin: Origin,
    taken: ErrorCode,
    message: "StrOrPromise | None" = None,
) -> None:
    """Save a row whose name is unique among active rows.

    Raises BadgeError: 400 for a malformed name; `taken`, with the message, for a used one.
    """
    row.name = rules.check_name(row.name)
    row.updated_by = origin.number
    others = type(row).objects.filter(active=True, name=row.name).exclude(pk=row.pk)
    if row.active and others.exists():
        raise BadgeError(taken, "name", message)
    try:
        save_changes(row)
    except IntegrityError as error:
        # A concurrent transaction took the name after the check. The exception ends this one.
        raise BadgeError(taken, "name", message) from error
