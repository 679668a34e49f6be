"""Pages to issue badges: the form, the preview and the receipt."""
