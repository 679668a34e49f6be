"""Badge definitions at the desk: list, pages, forms, claims and activation."""
