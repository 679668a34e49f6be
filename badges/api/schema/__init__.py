"""What the OpenAPI description adds to the serializers; one module per viewset."""
