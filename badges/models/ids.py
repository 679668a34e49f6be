"""The ids of definitions and facts: 24 lower-case hex characters."""

import secrets
import time

from django.db import models

ID_LENGTH = 24


def new_id() -> str:
    """Return 4 bytes of seconds and 8 random bytes as hex: ids sort by time (design, 3.2)."""
    return f"{int(time.time()) & 0xFFFFFFFF:08x}{secrets.token_hex(8)}"


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
