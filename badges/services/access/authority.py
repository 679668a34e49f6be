"""Rules against privilege escalation by members of staff with the right to change users.

A member of staff must not gain rights by changing users: neither by granting rights, nor by taking
over the account of a user with more rights. Commands are exempt, because the operator who runs them
has access to the database.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.services.request_log import Origin

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def check_change(origin: Origin, person: User, values: Mapping[str, Any]) -> None:
    """Refuse values of `people.FIELDS` that give a user more rights than the actor has.

    Users cannot deactivate themselves, or change the status of a user with more rights. `person` is
    the row before the change, or an unsaved one. Raises BadgeError: 403.
    """
    if origin.user is not None and origin.user.pk == person.pk and values.get("is_active") is False:
        raise _refusal("is_active", _("You cannot deactivate yourself."))
    actor = _limited_actor(origin)
    if actor is None:
        return
    if values.get("is_superuser"):
        raise _refusal("is_superuser", _("Only a superuser can create a superuser."))
    _check_no_superuser(person)
    rights = _rights_of_actor(actor)
    if person.pk and any(values.get(name, old) != old for name, old in _status_of(person)):
        _check_within(None, rights_of(person), rights)
    _check_within("groups", _rights_of_groups(_added(person, "groups", values)), rights)
    added = _added(person, "user_permissions", values)
    _check_within("user_permissions", _codenames(added), rights)


def check_take_over(origin: Origin, person: User) -> None:
    """Refuse to reset the sign-in of a user who has more rights than the actor.

    Raises BadgeError: 403.
    """
    actor = _limited_actor(origin)
    if actor is None or actor.pk == person.pk:
        return
    _check_no_superuser(person)
    _check_within(None, rights_of(person), _rights_of_actor(actor))


def check_permissions(origin: Origin, added: Iterable[Permission]) -> None:
    """Refuse to give a group permissions that the actor lacks. Raises BadgeError: 403."""
    if actor := _limited_actor(origin):
        _check_within("permissions", _codenames(added), _rights_of_actor(actor))


def may_take_over(actor: User, person: User) -> bool:
    """Return whether the actor may reset the sign-in of this user."""
    if actor.is_superuser or actor.pk == person.pk:
        return True
    return not person.is_superuser and rights_of(person) <= _rights_of_actor(actor)


def permissions_to_give(actor: User) -> QuerySet[Permission]:
    """Return the permissions that the actor may give to users and groups."""
    permissions = Permission.objects.select_related("content_type")
    return permissions if actor.is_superuser else permissions.filter(_held_by(actor))


def groups_to_give(actor: User) -> QuerySet[Group]:
    """Return the groups to which the actor may add users."""
    groups = Group.objects.all()
    if actor.is_superuser:
        return groups
    not_allowed = Permission.objects.exclude(pk__in=permissions_to_give(actor).values("pk"))
    return groups.exclude(permissions__in=not_allowed)


def rights_of(person: User) -> set[str]:
    """Return the permissions of a user, direct ones and those of groups, even if inactive."""
    return _codenames(Permission.objects.filter(_held_by(person)).select_related("content_type"))


# The columns that allow a user to use their rights.
STATUS_COLUMNS = ("is_active", "is_staff")


def _status_of(person: User) -> list[tuple[str, bool]]:
    return [(name, getattr(person, name)) for name in STATUS_COLUMNS]


def _limited_actor(origin: Origin) -> User | None:
    """Return the current row of the acting user, or None if the actor is not limited.

    Active superusers, commands and integrators are not limited.
    """
    if origin.user is None:
        return None
    actor = User.objects.get(pk=origin.user.pk)
    return None if actor.is_active and actor.is_superuser else actor


def _rights_of_actor(actor: User) -> set[str]:
    return rights_of(actor) if actor.is_active else set()


def _rights_of_groups(groups: Iterable[Group]) -> set[str]:
    permissions = Permission.objects.filter(group__in=list(groups)).select_related("content_type")
    return _codenames(permissions)


def _added(person: User, name: str, values: Mapping[str, Any]) -> list[Any]:
    """Return the related rows in `values` that the user does not have yet."""
    before = set(getattr(person, name).all()) if person.pk else set()
    return [row for row in values.get(name, ()) if row not in before]


def _held_by(person: User) -> Q:
    return Q(pk__in=person.user_permissions.values("pk")) | Q(
        pk__in=Permission.objects.filter(group__user=person).values("pk")
    )


def _codenames(permissions: Iterable[Permission]) -> set[str]:
    return {f"{row.content_type.app_label}.{row.codename}" for row in permissions}


def _check_no_superuser(person: User) -> None:
    if person.is_superuser:
        raise _refusal(None, _("Only a superuser can change a superuser."))


def _check_within(field: str | None, added: set[str], rights: set[str]) -> None:
    message = _("You cannot grant rights that you do not have.")
    if field is None:
        message = _("This person has rights that you do not have.")
    if added - rights:
        raise _refusal(field, message)


def _refusal(field: str | None, message: "StrOrPromise") -> BadgeError:
    return BadgeError(ErrorCode.NOT_ALLOWED, field, message)
