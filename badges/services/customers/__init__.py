"""Enrol customers, revoke their badges, import badges that they earned elsewhere."""
