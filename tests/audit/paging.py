"""Reading all pages of a list that is paged by keys."""

MAX_PAGES = 100


def all_keys(read, *, cursor=None):
    """Return the keys of all pages in order. `read` returns the page at a cursor."""
    keys = []
    for _number in range(MAX_PAGES):
        page = read(cursor)
        keys += page.keys
        if not page.more:
            return keys
        cursor = page.stopped_at or page.keys[-1]
    raise AssertionError(f"There are more than {MAX_PAGES} pages.")
