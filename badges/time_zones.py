"""Time zones of the IANA database."""

from functools import cache
from zoneinfo import available_timezones


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones of this machine."""
    return frozenset(available_timezones())


def is_time_zone(name: str) -> bool:
    """Return whether the name is that of a time zone, in its exact spelling."""
    return name in known_zones()
