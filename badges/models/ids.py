"""The ids of definitions and facts, 24 lower-case hex characters, and those of customers."""

import re
import secrets
import time
from datetime import datetime

from django.db import models

ID_LENGTH = 24
GREATEST_CUSTOMER_ID = 2**63 - 1


def new_id(at: datetime | None = None) -> str:
    """Return 4 bytes of seconds, by default of now, and 8 random bytes as hex (design, 3.2).

    Ids sort by the second they were made in.
    """
    (only,) = new_ids(1, at)
    return only


def new_ids(count: int, at: datetime | None = None) -> list[str]:
    """Return so many of them at once, in their order: an index takes them fastest that way."""
    seconds, tails = int(at.timestamp() if at else time.time()), secrets.token_hex(8 * count)
    first = f"{seconds & 0xFFFFFFFF:08x}"
    return sorted(first + tails[start : start + 16] for start in range(0, 16 * count, 16))


def is_id(text: str) -> bool:
    """Whether a text can be an id at all; anything else need not be looked for."""
    return re.fullmatch(f"[0-9a-f]{{{ID_LENGTH}}}", text) is not None


def customer_id_in(text: str) -> int | None:
    """Return the customer id that a text of ASCII digits is, or None."""
    number = int(text) if re.fullmatch("[0-9]{1,19}", text) else 0
    return number if 0 < number <= GREATEST_CUSTOMER_ID else None


class HexIdField(models.CharField):
    """A primary key made by `new_id`.

    `bpchar` instead of `varchar` on PostgreSQL: Django gives every indexed varchar a second index
    for LIKE there, and nobody looks for a part of an id. Without a length, because bulk inserts
    cast to arrays of the bare type.
    """

    def __init__(self, *args, **kwargs):
        defaults = {
            "primary_key": True,
            "max_length": ID_LENGTH,
            "default": new_id,
            "editable": False,
        }
        super().__init__(*args, **{**defaults, **kwargs})

    def db_type(self, connection):
        return "bpchar" if connection.vendor == "postgresql" else super().db_type(connection)
