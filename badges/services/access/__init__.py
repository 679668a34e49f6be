"""Users, integrators and access groups: their rights, and how they sign in."""
