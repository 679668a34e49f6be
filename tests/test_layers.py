"""Imports go in one direction: from the project and the entry points down to the models."""

import ast
from collections import defaultdict
from graphlib import TopologicalSorter

import pytest
from django.conf import settings

# What each package of the application may import of the other ones.
MAY_IMPORT = {
    "models": set(),
    "rules": {"models"},
    "audit": {"models"},
    "services": {"models", "rules", "audit"},
    "selectors": {"models", "rules", "services"},
    "api": {"models", "rules", "services", "selectors"},
    "desk": {"models", "rules", "audit", "services", "selectors"},
    "admin": {"models", "rules", "services", "selectors", "desk"},
}


def imported_names(path):
    """Yield the dotted name of each module that a file imports, in functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.fixture(scope="module")
def imports():
    """The modules directly below `badges` that each of them imports, and "badgeadmin"."""
    found = defaultdict(set)
    root = settings.BASE_DIR / "badges"
    for path in root.rglob("*.py"):
        module = path.relative_to(root).with_suffix("").parts[0]
        if module in ("__init__", "migrations"):
            continue
        for name in imported_names(path):
            package, _dot, rest = name.partition(".")
            if package == "badgeadmin":
                found[module].add(package)
            elif package == "badges" and rest.partition(".")[0] != module:
                found[module].add(rest.partition(".")[0])
    return found


def test_the_application_does_not_import_the_project(imports):
    assert [module for module, imported in imports.items() if "badgeadmin" in imported] == []


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_lower_ones(imports, package):
    assert imports[package] & MAY_IMPORT.keys() <= MAY_IMPORT[package]


def test_no_two_modules_import_each_other(imports):
    tuple(TopologicalSorter(imports).static_order())  # raises CycleError
