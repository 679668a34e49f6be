"""Viewsets: validate, call one service, wrap; one module per noun."""
