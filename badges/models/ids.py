"""Ids of definitions and facts (24 lower-case hex characters), and ids of customers."""

import re
import secrets
import time
from datetime import datetime

from django.db import models

ID_LENGTH = 24
MAX_CUSTOMER_ID = 2**63 - 1


def new_id(at: datetime | None = None) -> str:
    """Return 4 bytes of seconds and 8 random bytes as hex (CONTRACT.md, 5.2).

    `at` defaults to now. Ids sort by the second of their creation.
    """
    (only,) = new_ids(1, at)
    return only


def new_ids(count: int, at: datetime | None = None) -> list[str]:
    """Return `count` ids in ascending order, in which inserting into an index is fastest."""
    seconds, tails = int(at.timestamp() if at else time.time()), secrets.token_hex(8 * count)
    first = f"{seconds & 0xFFFFFFFF:08x}"
    return sorted(first + tails[start : start + 16] for start in range(0, 16 * count, 16))


def is_id(text: str) -> bool:
    """Return whether a text has the format of an id; any other text needs no query."""
    return re.fullmatch(f"[0-9a-f]{{{ID_LENGTH}}}", text) is not None


def customer_id_in(text: str) -> int | None:
    """Return the customer id that a text of ASCII digits represents, or None."""
    number = int(text) if re.fullmatch("[0-9]{1,19}", text) else 0
    return number if 0 < number <= MAX_CUSTOMER_ID else None


class HexIdField(models.CharField):
    """A primary key made by `new_id`.

    The type on PostgreSQL is `bpchar`, because Django gives every indexed `varchar` a second index
    for LIKE, and no query searches for a part of an id. The type has no length, because bulk
    inserts cast to arrays of the bare type.
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
