"""Viewsets, which validate, call one service and wrap its result; one module per resource."""
