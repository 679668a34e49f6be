"""How dates are written, where it is shorter than Django does it; one package per language."""
