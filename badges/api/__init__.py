"""The JSON API for integrators."""

# This import must come first: while `rest_framework.views` is loading, the framework imports
# `badges.api.envelope` by its dotted path, and that module imports `rest_framework.views` in turn.
import rest_framework.views  # noqa: F401
