"""The authentication backend, which finds the user of a session or a password."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import QuerySet

from badges.models import Person
from badges.services.access import credentials

PERMISSION = ("content_type__app_label", "codename")


class PersonBackend(ModelBackend):
    """Django's backend for users whose sessions also end when their second factor changes."""

    def authenticate(self, request, username=None, password=None, **kwargs) -> Person | None:
        user = super().authenticate(request, username=username, password=password, **kwargs)
        person = credentials.active_person(user.pk) if user else None
        # Another password may have been set while this one was hashed.
        return person if user and person and person.password == user.password else None

    def get_all_permissions(self, user_obj, obj=None) -> set[str]:
        """Return the permissions of a user and of their groups, with one query instead of two."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            user_obj._perm_cache = {
                f"{app_label}.{codename}" for app_label, codename in self._permissions(user_obj)
            }
        return user_obj._perm_cache

    def _permissions(self, user: Person) -> QuerySet:
        if user.is_superuser:
            return Permission.objects.order_by().values_list(*PERMISSION)
        of_user, of_groups = (
            permissions.order_by().values_list(*PERMISSION)
            for permissions in (
                self._get_user_permissions(user),
                self._get_group_permissions(user),
            )
        )
        return of_user.union(of_groups)

    def get_user(self, user_id) -> Person | None:
        return credentials.active_person(user_id)
