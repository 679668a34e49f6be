"""Stamps: random numbers whose change invalidates cached or signed data."""

import secrets


def new_stamp() -> int:
    """Return a random number that fits a column of 64 bits, and is not 0."""
    return secrets.randbits(62) + 1
