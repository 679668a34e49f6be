"""Pages of the integrators: create, limit, rotate the secret, revoke."""
