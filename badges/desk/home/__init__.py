"""The home page: figures, charts and warnings."""
