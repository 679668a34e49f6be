"""The admin: definitions and access are edited through services, ledgers are read only."""

from badges.admin import claims, definitions, integrators, ledgers, people, requests

__all__ = ["claims", "definitions", "integrators", "ledgers", "people", "requests"]
