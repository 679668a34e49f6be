"""Rules that the tests themselves keep, read from their source."""

import ast

from django.conf import settings

TESTS = settings.BASE_DIR / "tests"
# Programs with their own options, which measure or disturb a server for a given time.
PROGRAMS = (TESTS / "bench", TESTS / "faults")
CLOCKS = {"monotonic", "time", "perf_counter"}


def trees():
    """Yield the path and the syntax tree of every module of the suite."""
    for path in sorted(TESTS.rglob("*.py")):
        if not any(program in path.parents for program in PROGRAMS):
            yield path, ast.parse(path.read_text())


def is_bounded(loop: ast.While) -> bool:
    """Return whether a loop reads a clock or awaits, so that a deadline or its client ends it."""
    return any(
        isinstance(node, ast.Await)
        or (isinstance(node, ast.Attribute) and node.attr in CLOCKS)
        or (isinstance(node, ast.Name) and node.id in CLOCKS)
        for node in ast.walk(loop)
    )


def modules_imported_by(tree):
    """Yield the names of the modules that a module imports from, and of those in `import`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_module_of_tests_is_imported():
    """Helpers that several modules use are in modules of their own, or in a conftest."""
    imported = [
        f"{path.relative_to(TESTS)}: {name}"
        for path, tree in trees()
        for name in modules_imported_by(tree)
        if any(part.startswith("test_") for part in name.split("."))
    ]

    assert imported == []


def test_no_wait_is_unbounded():
    """A wait that ends only on success blocks the suite on a fault, instead of failing a test."""
    unbounded = [
        f"{path.relative_to(TESTS)}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.While) and not is_bounded(node)
    ]

    assert unbounded == []
