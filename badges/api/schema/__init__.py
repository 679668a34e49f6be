"""Additions to the generated OpenAPI description; one module per viewset."""
