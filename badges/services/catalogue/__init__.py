"""Define badges, their groups, custom fields and pictures."""
