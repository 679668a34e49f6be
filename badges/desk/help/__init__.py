"""The help page, the tour of the home page, and hints that a person dismisses for good."""
