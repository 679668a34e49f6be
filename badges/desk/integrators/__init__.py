"""Integrators at the desk: made, limited, given a new secret, revoked."""
