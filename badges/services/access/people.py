"""Members of staff and access groups: their accounts and their permissions."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypedDict, Unpack

from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import Channel, Integrator, Operation, Person
from badges.models.values import required
from badges.roles import ROLES
from badges.services.access import authority, setup_links
from badges.services.access.credentials import end_sessions, lock_own
from badges.services.access.integrators import invalidate_stamps
from badges.services.access.setup_links import SetupLink
from badges.services.access.sign_in import refuse_sign_in
from badges.services.request_log import Origin, logged_request
from badges.services.versions import locked, save_changes

COLUMNS = (
    *("username", "first_name", "last_name", "email"),
    *("is_active", "is_staff", "is_superuser"),
)
FIELDS = (*COLUMNS, "groups", "user_permissions")
INVALID_LINK = _("This link is wrong, was used, or has expired. Ask for a new one.")


class UserValues(TypedDict, total=False):
    """The values of FIELDS, except the user name."""

    first_name: str
    last_name: str
    email: str
    is_active: bool
    is_staff: bool
    is_superuser: bool
    groups: Iterable[Group]
    user_permissions: Iterable[Permission]


class UserChanges(UserValues, total=False):
    """The values of FIELDS."""

    username: str


def create_user(
    *, origin: Origin, username: str, password: str | None, **values: Unpack[UserValues]
) -> User:
    """Create a member of staff with the `values` of FIELDS.

    Without a password the user cannot sign in. Raises BadgeError: 400, 403, 725.
    """
    content = {"password": bool(password)}
    with _new_user(origin, username, password, values, content) as user:
        return user


def invite_user(
    *, origin: Origin, username: str, **values: Unpack[UserValues]
) -> tuple[User, SetupLink]:
    """Create a member of staff who sets the password with the returned link.

    Raises BadgeError: 400, 403, 725.
    """
    content = {"password": False, "setup_link": True}
    with _new_user(origin, username, None, {"is_staff": True, **values}, content) as user:
        return user, setup_links.issue_setup_link(user)


def update_user(
    *,
    origin: Origin,
    user_id: int,
    seen: Collection[str] | None = None,
    **values: Unpack[UserChanges],
) -> User:
    """Change a member of staff, by the values of FIELDS that are given.

    Users are never deleted, because the request log refers to them; a user who leaves is made
    inactive. The version of the user must be in `seen`, if given. Raises BadgeError: 400, 403, 404,
    412, 725.
    """
    before = _logged_state(User.objects.filter(pk=user_id).first())
    changes = _changes(before, _plain_values(values))
    with logged_request(
        Operation.UPDATE_USER,
        origin=_with_content(origin, user=before.get("username"), changes=changes),
        now=timezone.now(),
    ):
        user = locked(User, user_id, seen=seen)
        _check_unchanged(before, _logged_state(user))
        authority.check_change(origin, user, values)
        was_active = user.is_active
        _set_columns(user, values)
        _save(user)
        _set_groups(user, values)
        if was_active and not user.is_active:
            end_sessions(user)  # they would continue if the user became active again
            setup_links.withdraw_setup_link(user)
    return user


def set_password(*, origin: Origin, user_id: int, password: str | None) -> Person:
    """Give a member of staff a new password, or with None no password.

    Returns the person; a session continues only if it is updated with that row. Raises BadgeError:
    400, 401, 403, 404.
    """
    username = User.objects.filter(pk=user_id).values_list("username", flat=True).first()
    with logged_request(
        Operation.SET_PASSWORD,
        origin=_with_content(origin, user=username, password=bool(password)),
        now=timezone.now(),
    ):
        user = locked(User, user_id)
        if origin.user == user:
            lock_own(origin.user)
        authority.check_take_over(origin, user)
        return _replace_password(user, password)


def reset_password(*, origin: Origin, user_id: int) -> SetupLink:
    """Remove the password of a member of staff, and return a link to set another one.

    Raises BadgeError: 403, 404, and 400 for the actor's own password.
    """
    username = User.objects.filter(pk=user_id).values_list("username", flat=True).first()
    with logged_request(
        Operation.SET_PASSWORD,
        origin=_with_content(origin, user=username, password=False, setup_link=True),
        now=timezone.now(),
    ):
        user = locked(User, user_id)
        if origin.user == user:
            message = _("Change your own password on its page.")
            raise BadgeError(ErrorCode.INVALID_INPUT, None, message)
        authority.check_take_over(origin, user)
        _replace_password(user, None)
        return setup_links.issue_setup_link(user)


def set_password_by_link(*, code: str, password: str, address: str) -> Person:
    """Set the password of the member of staff whose set-up link has this code, and use it up.

    `address` is that of the client. Raises BadgeError: 400, 401; an invalid link is logged as a
    failed sign-in.
    """
    user = setup_links.owner_of_setup_link(code)
    if user is None:
        raise _invalid_link(address)
    origin = Origin(channel=Channel.MEMBERCARE, user=user)
    with logged_request(
        Operation.SET_PASSWORD,
        origin=_with_content(origin, user=user.username, password=True, setup_link=True),
        now=timezone.now(),
    ):
        person = setup_links.use_setup_link(user, code)
        if person is None:  # it was used meanwhile
            raise BadgeError(ErrorCode.NOT_AUTHENTICATED, "code", INVALID_LINK)
        return _replace_password(person, password)


def create_access_group(
    *, origin: Origin, name: str, permissions: Iterable[Permission] = ()
) -> Group:
    """Create a group of staff or integrators with permissions. Raises BadgeError: 403, 725."""
    group = Group(name=name)
    changes = _changes({}, {"name": name, **_plain_values({"permissions": permissions})})
    with logged_request(
        Operation.CREATE_ACCESS_GROUP,
        origin=_with_content(origin, group=name, changes=changes),
        now=timezone.now(),
    ):
        authority.check_permissions(origin, permissions)
        _save(group)
        group.permissions.set(permissions)
    return group


def update_access_group(
    *,
    origin: Origin,
    group_id: int,
    seen: Collection[str] | None = None,
    name: str | None = None,
    permissions: Iterable[Permission] | None = None,
) -> Group:
    """Change the name and the permissions of a group; arguments left out change nothing.

    The version of the group must be in `seen`, if given. Raises BadgeError: 400, also for a new
    name of a group to which the program or the settings refer by name; 403, 404, 412, 725.
    """
    before = _logged_state(Group.objects.filter(pk=group_id).first())
    changed_values = {} if name is None else {"name": name}
    changed_values |= {} if permissions is None else _plain_values({"permissions": permissions})
    changes = _changes(before, changed_values)
    with logged_request(
        Operation.UPDATE_ACCESS_GROUP,
        origin=_with_content(origin, group=before.get("name"), changes=changes),
        now=timezone.now(),
    ):
        group = locked(Group, group_id, seen=seen)
        _check_unchanged(before, _logged_state(group))
        current = set(group.permissions.all())
        added = [row for row in permissions or () if row not in current]
        authority.check_permissions(origin, added)
        if name is not None and name != group.name:
            _check_name_not_relied_on(group, "name")
            group.name = name
        _save(group)
        if permissions is not None:
            group.permissions.set(permissions)
        invalidate_stamps(group.integrators.all())
    return group


def delete_access_group(*, origin: Origin, group_id: int) -> None:
    """Delete a group; its members keep the permissions of their other groups.

    Raises BadgeError: 400 for a group to which the program or the settings refer by name; 404;
    412 if the group was changed concurrently.
    """
    before = _logged_state(Group.objects.filter(pk=group_id).first())
    with logged_request(
        Operation.DELETE_ACCESS_GROUP,
        origin=_with_content(
            origin, group=before.get("name"), changes=_changes(before, dict.fromkeys(before))
        ),
        now=timezone.now(),
    ):
        group = locked(Group, group_id)
        _check_name_not_relied_on(group, "group_id")
        _check_unchanged(before, _logged_state(group))
        invalidate_stamps(group.integrators.all())
        group.delete()


@transaction.atomic
def install_access_group(*, name: str, permissions: QuerySet[Permission]) -> Group:
    """Create a built-in group, or restore its exact permissions.

    `migrate` creates the groups, and that is not logged. Restoring changed permissions is logged.
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


def _with_content(origin: Origin, **changes: object) -> Origin:
    """Return the origin with `changes` as its content.

    Submitted form data is never logged here, because it may contain a password.
    """
    return replace(origin, content=json.dumps(changes, ensure_ascii=False))


def _logged_state(row: User | Group | None) -> dict[str, Any]:
    """Return the logged values of a row, without password or hash; {} if there is no row."""
    if row is None:
        return {}
    if isinstance(row, Group):
        related = {
            "permissions": row.permissions.select_related("content_type"),
            "members": row.user_set.all(),
            "integrators": row.integrators.all(),
        }
        return {"name": row.name, **_plain_values(related)}
    rights = row.user_permissions.select_related("content_type")
    columns = {name: getattr(row, name) for name in COLUMNS}
    return columns | _plain_values({"groups": row.groups.all(), "user_permissions": rights})


def _plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values, with related rows replaced by their sorted names."""
    return {
        name: value if name in COLUMNS else sorted(_name(row) for row in value)
        for name, value in values.items()
    }


def _name(row: User | Group | Permission | Integrator) -> str:
    if isinstance(row, Permission):
        return f"{row.content_type.app_label}.{row.codename}"
    return str(row)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the old and the new value of each changed field."""
    return {
        name: [before.get(name), after.get(name)]
        for name in after
        if (before.get(name) or None) != (after.get(name) or None)
    }


def _check_unchanged(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse if the row is not in the state that its log entry contains."""
    if before != now:
        raise BadgeError(ErrorCode.CHANGED_MEANWHILE)


def _check_name_not_relied_on(group: Group, field: str) -> None:
    """Refuse to delete or rename a group to which the program or the settings refer by name.

    The next `migrate` would create a built-in group again, without its members. The members of a
    group in SECOND_FACTOR_FOR would sign in with their password alone.
    """
    if group.name in ROLES:
        text = _("A built-in group cannot be renamed or deleted.")
    elif group.name in settings.SECOND_FACTOR_FOR:
        text = _("SECOND_FACTOR_FOR names this group: it cannot be renamed or deleted.")
    else:
        return
    raise BadgeError(ErrorCode.INVALID_INPUT, field, text)


@contextmanager
def _new_user(
    origin: Origin,
    username: str,
    password: str | None,
    values: Mapping[str, Any],
    content: Mapping[str, object],
) -> Iterator[User]:
    """Create a user and run the block, in one transaction with the row of the request log."""
    user = User(username=username)
    changes = _changes({}, {"username": username, **_plain_values(values)})
    with logged_request(
        Operation.CREATE_USER,
        origin=_with_content(origin, user=username, changes=changes, **content),
        now=timezone.now(),
    ):
        authority.check_change(origin, user, values)
        _set_columns(user, {"username": username, **values})
        _set_password(user, password)
        _save(user)
        _set_groups(user, values)
        yield user


def _replace_password(user: User, password: str | None) -> Person:
    """Set or remove a password; everything that the earlier one allowed ends."""
    _set_password(user, password)
    user.save(update_fields=["password"])
    setup_links.withdraw_setup_link(user)
    return end_sessions(user)


def _invalid_link(address: str) -> BadgeError:
    """Log a failed sign-in, and return the refusal."""
    refuse_sign_in(username="", address=address, message=str(INVALID_LINK))
    return BadgeError(ErrorCode.NOT_AUTHENTICATED, "code", INVALID_LINK)


def _set_columns(user: User, values: Mapping[str, Any]) -> None:
    for name in COLUMNS:
        setattr(user, name, values.get(name, getattr(user, name)))


def _set_groups(user: User, values: Mapping[str, Any]) -> None:
    for name in ("groups", "user_permissions"):
        if name in values:
            getattr(user, name).set(values[name])


def _set_password(user: User, password: str | None) -> None:
    if password:
        try:
            validate_password(password, user)
        except ValidationError as error:
            text = " ".join(error.messages)
            raise BadgeError(ErrorCode.INVALID_INPUT, "password", text) from error
    user.set_password(password)


def _save(row: User | Group) -> None:
    name = "username" if isinstance(row, User) else "name"
    _clean_names(row)
    _check_columns(row)
    name_taken = BadgeError(ErrorCode.NAME_TAKEN, name, _("This name is taken."))
    if type(row).objects.filter(**{name: getattr(row, name)}).exclude(pk=row.pk).exists():
        raise name_taken
    try:
        save_changes(row)
    except IntegrityError as error:
        # A concurrent transaction took the name after the check. The exception ends this one.
        raise name_taken from error


def _clean_names(row: User | Group) -> None:
    """Normalize every name; first and last names may be empty."""
    names = ("username", "first_name", "last_name") if isinstance(row, User) else ("name",)
    for column in row._meta.concrete_fields:
        if column.name in names and (value := getattr(row, column.name)):
            longest = required(column.max_length)
            name = rules.check_name(value, field=column.name, max_length=longest)
            setattr(row, column.name, name)


def _check_columns(row: User | Group) -> None:
    try:
        row.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        name, texts = next(iter(error.message_dict.items()))
        raise BadgeError(ErrorCode.INVALID_INPUT, name, " ".join(texts)) from error
