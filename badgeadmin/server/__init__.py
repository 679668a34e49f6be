"""The production server: HTTP on an event loop, and a few threads that process requests."""
