"""Queries for pages and the API: badges of customers, definitions and their history."""
