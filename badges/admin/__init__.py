"""The admin: definitions and access are edited through services."""

from badges.admin import claims, definitions, integrators, people

__all__ = ["claims", "definitions", "integrators", "people"]
