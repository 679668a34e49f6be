"""Keep the search keys of users and access groups up to date."""

from collections.abc import Collection
from typing import TypeVar

from django.contrib.auth.models import Group, User

from badges.models import GroupKey, UserKey

KeyT = TypeVar("KeyT", UserKey, GroupKey)

NAMES = {"username", "first_name", "last_name", "email", "name"}


def keep_key(
    instance: User | Group, update_fields: Collection[str] | None = None, **kwargs: object
) -> None:
    """Store the search key of a user or an access group; a receiver of `post_save`.

    A signal is needed because Django's own commands create users without calling a service.
    """
    if update_fields is not None and not NAMES & set(update_fields):
        return  # for example a sign-in, which changes no name
    if isinstance(instance, User):
        store_keys([UserKey(user=instance)])
    else:
        store_keys([GroupKey(group=instance)])


def store_keys(keys: list[KeyT]) -> None:
    """Insert or update the keys of users, or those of access groups, in one statement."""
    type(keys[0]).objects.bulk_create(
        keys, update_conflicts=True, unique_fields=["pk"], update_fields=["search_key"]
    )
