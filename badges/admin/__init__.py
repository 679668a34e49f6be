"""The admin site, whose pages edit definitions and access through services."""

from badges.admin import claims, definitions, integrators, people

__all__ = ["claims", "definitions", "integrators", "people"]
