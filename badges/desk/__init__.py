"""Staff pages: forms, views, routes."""
