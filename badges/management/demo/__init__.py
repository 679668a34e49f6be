"""The demo: its users, its badges, and three months of earns."""
