"""Badge groups and custom fields: how badges are shown."""

from datetime import datetime

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import BadgeGroup, CustomField, Operation, is_id
from badges.services.requests import Origin, attempt


def create_group(
    *, origin: Origin, name: str, rank: int, now: datetime | None = None
) -> BadgeGroup:
    """Make a group. Raises BadgeError: 733 (contract, 2.17)."""
    with attempt(Operation.CREATE_GROUP, origin=origin, now=now or timezone.now()):
        group = BadgeGroup(name=name, rank=rank, created_by=origin.number)
        _save(group, origin, ErrorCode.GROUP_NAME_TAKEN)
    return group


def update_group(
    *,
    origin: Origin,
    group_id: str,
    name: str | None = None,
    rank: int | None = None,
    active: bool | None = None,
    now: datetime | None = None,
) -> BadgeGroup:
    """Change a group; a disabled one leaves its badges ungrouped. Raises BadgeError: 404, 733.

    What is not given stays as it is.
    """
    with attempt(Operation.UPDATE_GROUP, origin=origin, now=now or timezone.now()):
        group = _locked(BadgeGroup, group_id)
        given = {"name": name, "rank": rank, "active": active}
        for column, value in given.items():
            setattr(group, column, getattr(group, column) if value is None else value)
        _save(group, origin, ErrorCode.GROUP_NAME_TAKEN)
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
    """Make a custom field. Raises BadgeError: 740, 742, 744, 400 (contract, 2.18)."""
    with attempt(Operation.CREATE_CUSTOM_FIELD, origin=origin, now=now or timezone.now()):
        rules.check_custom_field(data_type, mandatory=is_mandatory, default=default_value)
        field = CustomField(
            name=name,
            data_type=data_type,
            is_mandatory=is_mandatory,
            default_value=default_value,
            created_by=origin.number,
        )
        _save(field, origin, ErrorCode.FIELD_NAME_TAKEN)
    return field


def update_custom_field(
    *,
    origin: Origin,
    field_id: str,
    now: datetime | None = None,
    **changes,
) -> CustomField:
    """Change a custom field by its columns; its type never, and a disabled one stays so.

    What is not given stays as it is. Raises BadgeError: 404, 740, 742, 744, 400.
    """
    with attempt(Operation.UPDATE_CUSTOM_FIELD, origin=origin, now=now or timezone.now()):
        field = _locked(CustomField, field_id)
        old_type, was_active = field.data_type, field.active
        for name, value in changes.items():
            setattr(field, name, value)
        rules.check_custom_field_change(old_type, field.data_type, was_active, field.active)
        rules.check_custom_field(
            field.data_type, mandatory=field.is_mandatory, default=field.default_value
        )
        _save(field, origin, ErrorCode.FIELD_NAME_TAKEN)
    return field


def _locked(model, pk: str):
    found = model.objects.select_for_update().filter(pk=pk)
    row = found.first() if is_id(pk) else None
    if row is None:
        raise BadgeError(ErrorCode.NOT_FOUND, "pk", _("There is nothing with this id."))
    return row


def _save(row: BadgeGroup | CustomField, origin: Origin, taken: ErrorCode) -> None:
    row.updated_by = origin.number
    others = type(row).objects.filter(active=True, name=row.name).exclude(pk=row.pk)
    if row.active and others.exists():
        raise BadgeError(taken, "name")
    try:
        row.save()
    except IntegrityError as error:
        # The look-up let a twin pass that took the name since; the transaction ends with the raise.
        raise BadgeError(taken, "name") from error
