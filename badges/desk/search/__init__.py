"""The search box of every page, with its results and suggestions."""
