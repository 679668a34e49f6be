"""Pages of the badge groups and of the custom fields."""
