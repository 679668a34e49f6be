"""Badge groups and custom fields at the desk: made, changed, disabled, with the badges in them."""
