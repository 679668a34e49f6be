"""Index tables: one description in Python, one template and one stylesheet for all lists."""
