"""The JSON API for integrators."""

# Before everything of this package: while it is loaded, the framework loads our envelope by its
# name, and the envelope needs it in turn.
import rest_framework.views  # noqa: F401
