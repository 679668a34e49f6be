"""Pages on which a person changes their own preferences."""
