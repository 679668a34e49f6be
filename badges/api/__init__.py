"""The DRF door: authentication, serializers, viewsets, envelope and routes."""
