"""Members of staff: their roles, their set-up links, and whether they may sign in."""
