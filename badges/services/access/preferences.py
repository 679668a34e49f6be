"""The services of preferences, which change only the screens of the acting person."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict, Unpack

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges.errors import BadgeError, ErrorCode
from badges.models import Operation, Preferences
from badges.services.request_log import Origin, logged_request
from badges.time_zones import is_time_zone

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Names come from the program. They are short identifiers, so that no other text can be stored.
NAME = re.compile(r"-?[a-z][a-z0-9_-]{0,49}")
MAX_TABLES = 100
MAX_COLUMNS = 100
MAX_DISMISSED = 100


class TableChoices(TypedDict, total=False):
    """The choices of a person for one table; a missing key stands for the default of the table.

    `columns` are the columns to show, in their order, `density` is the height of the rows, and
    `sort` is a column, with a minus sign for the descending order. All are names that the table
    defines. A reader must ignore the names that the table does not know (any more).
    """

    columns: list[str]
    density: str
    sort: str


def choose_time_zone(*, origin: Origin, time_zone: str) -> Preferences:
    """Set the time zone of the acting user; "" selects the zone of the organisation.

    Raises BadgeError: 400 for an unknown zone.
    """
    with _locked_preferences(origin) as preferences:
        if time_zone and not is_time_zone(time_zone):
            raise _refusal("time_zone", _("This time zone is not known."))
        preferences.time_zone = time_zone
        preferences.save(update_fields=["time_zone"])
    return preferences


def choose_table(*, origin: Origin, table: str, **choices: Unpack[TableChoices]) -> Preferences:
    """Change the given choices of the acting user for a table, and leave the other ones.

    Raises BadgeError: 400 for anything but names, 2003 for too many tables.
    """
    with _locked_preferences(origin) as preferences:
        _check_table(table, choices)
        tables = preferences.tables
        tables[table] = tables.get(table, {}) | choices
        if len(tables) > MAX_TABLES:
            raise BadgeError(ErrorCode.TOO_MANY_ITEMS, "table")
        preferences.save(update_fields=["tables"])
    return preferences


def reset_table(*, origin: Origin, table: str) -> Preferences:
    """Show a table to the acting user with its defaults again."""
    with _locked_preferences(origin) as preferences:
        preferences.tables.pop(table, None)
        preferences.save(update_fields=["tables"])
    return preferences


def dismiss(*, origin: Origin, hint: str) -> Preferences:
    """Hide a hint from the acting user for good.

    Raises BadgeError: 400 for anything but a name, 2003 for too many hints.
    """
    with _locked_preferences(origin) as preferences:
        _check_names("hint", [hint])
        if hint not in preferences.dismissed:
            preferences.dismissed.append(hint)
        if len(preferences.dismissed) > MAX_DISMISSED:
            raise BadgeError(ErrorCode.TOO_MANY_ITEMS, "hint")
        preferences.save(update_fields=["dismissed"])
    return preferences


@contextmanager
def _locked_preferences(origin: Origin) -> Iterator[Preferences]:
    """Yield the locked row of the acting user, in the transaction of a logged request."""
    with logged_request(Operation.SAVE_PREFERENCES, origin=origin, now=timezone.now()):
        if origin.user is None:
            raise BadgeError(ErrorCode.NOT_ALLOWED)
        rows = Preferences.objects.select_for_update()
        yield rows.get_or_create(user_id=origin.user.pk)[0]


def _check_table(table: str, choices: TableChoices) -> None:
    columns = choices.get("columns", [])
    if not isinstance(columns, list) or len(columns) > MAX_COLUMNS:
        raise BadgeError(ErrorCode.TOO_MANY_ITEMS, "columns")
    _check_names("table", [table])
    _check_names("columns", columns)
    for field in ("density", "sort"):
        if choices.get(field):
            _check_names(field, [choices[field]])


def _check_names(field: str, names: list[str]) -> None:
    if not all(isinstance(name, str) and NAME.fullmatch(name) for name in names):
        raise _refusal(field, _("This is not a name that the page can have sent."))


def _refusal(field: str, message: "StrOrPromise") -> BadgeError:
    return BadgeError(ErrorCode.INVALID_INPUT, field, message)
