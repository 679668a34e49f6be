"""Members of staff and access groups: who may come in, and what they may do."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import Channel, Operation
from badges.roles import ROLES
from badges.services.integrators import forget
from badges.services.requests import Origin, attempt

COLUMNS = (
    *("username", "first_name", "last_name", "email"),
    *("is_active", "is_staff", "is_superuser"),
)
FIELDS = (*COLUMNS, "groups", "user_permissions")


def create_user(*, origin: Origin, username: str, password: str | None, **values) -> User:
    """Make a member of staff with the `values` of FIELDS; without a password nobody can sign in.

    Raises BadgeError: 400, 725.
    """
    user = User(username=username)
    told = _changes({}, {"username": username, **_named(values)})
    with attempt(
        Operation.CREATE_USER,
        origin=_telling(origin, user=username, changes=told, password=bool(password)),
        now=timezone.now(),
    ):
        _take_over(user, {"username": username, **values})
        _give(user, password)
        _save(user)
        _set_groups(user, values)
    return user


def update_user(*, origin: Origin, user_id: int, **values) -> User:
    """Change a member of staff, by the values of FIELDS that are given.

    Nobody is deleted, because the request log points to them: whoever leaves is made inactive.
    Raises BadgeError: 400, 404, 725.
    """
    before = _state(User.objects.filter(pk=user_id).first())
    told = _changes(before, _named(values))
    with attempt(
        Operation.UPDATE_USER,
        origin=_telling(origin, user=before.get("username"), changes=told),
        now=timezone.now(),
    ):
        user = _locked(User, user_id)
        _check_unchanged(before, _state(user))
        _take_over(user, values)
        _save(user)
        _set_groups(user, values)
    return user


def set_password(*, origin: Origin, user_id: int, password: str | None) -> User:
    """Give a member of staff a new password, or with None none at all; nothing else is changed.

    Raises BadgeError: 400, 404.
    """
    named = User.objects.filter(pk=user_id).values_list("username", flat=True).first()
    with attempt(
        Operation.SET_PASSWORD,
        origin=_telling(origin, user=named, password=bool(password)),
        now=timezone.now(),
    ):
        user = _locked(User, user_id)
        _give(user, password)
        user.save(update_fields=["password"])
    return user


def create_access_group(
    *, origin: Origin, name: str, permissions: Iterable[Permission] = ()
) -> Group:
    """Make a group of staff or of integrators with its rights. Raises BadgeError: 725."""
    group = Group(name=name)
    told = _changes({}, {"name": name, **_named({"permissions": permissions})})
    with attempt(
        Operation.CREATE_ACCESS_GROUP,
        origin=_telling(origin, group=name, changes=told),
        now=timezone.now(),
    ):
        _save(group)
        group.permissions.set(permissions)
    return group


def update_access_group(
    *, origin: Origin, group_id: int, name: str, permissions: Iterable[Permission]
) -> Group:
    """Change the name and the rights of a group. Raises BadgeError: 400, 404, 725."""
    before = _state(Group.objects.filter(pk=group_id).first())
    told = _changes(before, {"name": name, **_named({"permissions": permissions})})
    with attempt(
        Operation.UPDATE_ACCESS_GROUP,
        origin=_telling(origin, group=before.get("name"), changes=told),
        now=timezone.now(),
    ):
        group = _locked(Group, group_id)
        _check_unchanged(before, _state(group))
        group.name = name
        _save(group)
        group.permissions.set(permissions)
        forget(group.integrators)
    return group


def delete_access_group(*, origin: Origin, group_id: int) -> None:
    """Delete a group; its members keep what their other groups allow.

    Raises BadgeError: 400 for a built-in one, which would come back empty; 404.
    """
    before = _state(Group.objects.filter(pk=group_id).first())
    with attempt(
        Operation.DELETE_ACCESS_GROUP,
        origin=_telling(origin, group=before.get("name"), changes=_changes(before, {})),
        now=timezone.now(),
    ):
        group = _locked(Group, group_id)
        if group.name in ROLES:
            raise BadgeError(
                ErrorCode.INVALID_INPUT, "group_id", _("A built-in group cannot be deleted.")
            )
        _check_unchanged(before, _state(group))
        forget(group.integrators)
        group.delete()


@transaction.atomic
def install_access_group(*, name: str, permissions: QuerySet[Permission]) -> Group:
    """Make a built-in group, or give it back exactly its rights.

    It comes with the tables, and leaves no row like them; what was changed since does.
    """
    group = Group.objects.filter(name=name).first()
    if group is None:
        group = Group.objects.create(name=name)
        group.permissions.set(permissions)
    elif set(group.permissions.all()) != set(permissions):
        update_access_group(
            origin=Origin(channel=Channel.COMMAND),
            group_id=group.pk,
            name=name,
            permissions=permissions,
        )
    return group


def _telling(origin: Origin, **told) -> Origin:
    """Return the origin with what is to be known for its content.

    What was posted is never kept here: it may hold a password.
    """
    return replace(origin, content=json.dumps(told, ensure_ascii=False))


def _state(row: User | Group | None) -> dict[str, Any]:
    """Return what the log tells of a row: no password, no hash; nothing of none."""
    if row is None:
        return {}
    if isinstance(row, Group):
        many = {
            "permissions": row.permissions.select_related("content_type"),
            "members": row.user_set.all(),
            "integrators": row.integrators.all(),
        }
        return {"name": row.name, **_named(many)}
    rights = row.user_permissions.select_related("content_type")
    columns = {name: getattr(row, name) for name in COLUMNS}
    return columns | _named({"groups": row.groups.all(), "user_permissions": rights})


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """Return plain values; rows that are pointed to by the names people know them by."""
    return {
        name: value if name in COLUMNS else sorted(_name(row) for row in value)
        for name, value in values.items()
    }


def _name(row) -> str:
    if isinstance(row, Permission):
        return f"{row.content_type.app_label}.{row.codename}"
    return str(row)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list]:
    """Return by field what it was and what it shall be; of what is deleted, all that it was."""
    names = after or before
    return {
        name: [before.get(name), after.get(name)]
        for name in names
        if (before.get(name) or None) != (after.get(name) or None)
    }


def _locked(model, pk: int):
    row = model.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        raise BadgeError(ErrorCode.NOT_FOUND, "pk", _("There is nothing with this id."))
    return row


def _check_unchanged(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse when the row is not what its entry in the log says it was."""
    if before != now:
        raise BadgeError(
            ErrorCode.INVALID_INPUT, None, _("Somebody has changed this meanwhile. Try again.")
        )


def _take_over(user: User, values: dict[str, Any]) -> None:
    for name in COLUMNS:
        setattr(user, name, values.get(name, getattr(user, name)))


def _set_groups(user: User, values: dict[str, Any]) -> None:
    for name in ("groups", "user_permissions"):
        if name in values:
            getattr(user, name).set(values[name])


def _give(user: User, password: str | None) -> None:
    if password:
        try:
            validate_password(password, user)
        except ValidationError as error:
            text = " ".join(error.messages)
            raise BadgeError(ErrorCode.INVALID_INPUT, "password", text) from error
    user.set_password(password)


def _save(row: User | Group) -> None:
    name = "username" if isinstance(row, User) else "name"
    _check_columns(row)
    taken = BadgeError(ErrorCode.NAME_TAKEN, name, _("This name is taken."))
    if type(row).objects.filter(**{name: getattr(row, name)}).exclude(pk=row.pk).exists():
        raise taken
    try:
        row.save()
    except IntegrityError as error:
        # The look-up let a twin pass that took the name since; the transaction ends with the raise.
        raise taken from error


def _check_columns(row: User | Group) -> None:
    try:
        row.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        name, texts = next(iter(error.message_dict.items()))
        raise BadgeError(ErrorCode.INVALID_INPUT, name, " ".join(texts)) from error
