"""Write the earned badges of a list in one statement, without an object of the ORM for each."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from badges.models import Owner
from badges.services.posting import adapted
from badges.services.wishes import Earned

# What differs from row to row, with its type; the rest of a row is the same for the whole list.
OWN = {
    "pk": "bpchar",
    "badge_id": "bpchar",
    "customer_id": "bigint",
    "event_at": "timestamptz",
    "expires_at": "timestamptz",
    "enrolment_id": "bpchar",
}
COLUMNS = "id, badge_id, customer_id, event_at, expires_at, enrolment_id"
COMMON = "earned_at, owner_type, reference_id, request_id, reissue_of_id"
COMMON_VALUES = ", ".join(f"%({name})s" for name in COMMON.split(", "))

INSERT = f"INSERT INTO badges_earnedbadge ({COLUMNS}, {COMMON})"
ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in OWN.items())
POSTGRESQL = f"{INSERT} SELECT *, {COMMON_VALUES} FROM unnest({ARRAYS})"  # noqa: S608 - names alone
PORTABLE = f"{INSERT} VALUES ({', '.join(f'%({name})s' for name in OWN)}, {COMMON_VALUES})"


def write_earned(facts: Sequence[Earned], trigger: Owner, *, reissue_of: str | None = None) -> None:
    """Write badges of one request that were given at one time, for one owner."""
    if not facts:
        return
    common = {
        "earned_at": facts[0].earned_at,
        "owner_type": trigger.owner_type,
        "reference_id": trigger.reference_id,
        "request_id": facts[0].request_id,
        "reissue_of_id": reissue_of,
    }
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL, common | _arrays(facts))
        else:
            rows = ({name: getattr(fact, name) for name in OWN} for fact in facts)
            cursor.executemany(PORTABLE, [adapted(row | common) for row in rows])


def _arrays(facts: Sequence[Earned]) -> dict[str, str]:
    """Return each column as PostgreSQL spells an array; ids and moments need no quoting in it."""
    return {name: _array([getattr(fact, name) for fact in facts]) for name in OWN}


def _array(values: list[str | int | datetime | None]) -> str:
    spelt = {value: _spelt(value) for value in set(values)}
    return f"{{{','.join([spelt[value] for value in values])}}}"


def _spelt(value: str | int | datetime | None) -> str:
    if value is None:
        return "NULL"
    return value.isoformat() if isinstance(value, datetime) else str(value)
