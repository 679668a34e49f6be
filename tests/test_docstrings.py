"""Docstrings, texts for operators and integrators, and names use plain technical English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from tests.api.described import description

PACKAGES = ("badges", "badgeadmin", "tests")
# Clauses that stand where the subject of a sentence belongs, and pronouns that avoid a noun.
HEADLESS = re.compile(
    r"(?:^|[.:;] |\b(?:and|but|by|for|from|in|of|on|that|to|with) )(?:who|what)\b(?! kind)"
    r"|\b(?:who|what|which)ever\b|\b(?:no|some|any|every)body\b|\bno one\b",
    re.IGNORECASE,
)
# Everyday words for things that have a technical name.
METAPHORS = re.compile(
    r"\b(?:wish(?:es)?|weigh(?:s|ed|ing)?|postings?|so many|(?:short|long) way|doors?|patience"
    r"|brings? about|brought about|passed over|taken? back|moments?|told|standing)\b",
    re.IGNORECASE,
)
TABLE_ROW = re.compile(r"^\| .*$", re.MULTILINE)
# Docstrings that may break a rule, with the reason.
ALLOWED: dict[str, str] = {}


def docstrings():
    """Yield the place, and the text as one line, of every docstring."""
    for package in PACKAGES:
        for path in sorted((settings.BASE_DIR / package).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            yield from docstrings_of(path)


def docstrings_of(path: Path):
    tree = ast.parse(path.read_text())
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and (text := ast.get_docstring(node)):
            name = getattr(node, "name", "")
            place = f"{path.relative_to(settings.BASE_DIR)}::{name}".removesuffix("::")
            yield place, " ".join(text.split())


@pytest.mark.parametrize("rule", [HEADLESS, METAPHORS], ids=["headless clause", "metaphor"])
def test_docstrings_are_plain_sentences(rule):
    broken = {place: text for place, text in docstrings() if rule.search(text)}

    assert {place: text for place, text in broken.items() if place not in ALLOWED} == {}


def command_texts() -> Iterator[tuple[str, str]]:
    """Yield the help of every command of the application, and of its arguments."""
    for name, application in get_commands().items():
        if application == "badges":
            command = load_command_class(application, name)
            yield name, str(command.help)
            for action in command.create_parser("manage.py", name)._actions:
                yield f"{name} {action.dest}", str(action.help)


def api_texts(node, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield the descriptions and summaries of the API, without the messages of error codes."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        is_text = name in ("description", "summary") and isinstance(value, str)
        if is_text and not re.match(r"[0-9]+: ", value):
            yield f"{place}/{name}", TABLE_ROW.sub("", value)
        yield from api_texts(value, f"{place}/{name}")


@pytest.mark.parametrize("rule", [HEADLESS, METAPHORS], ids=["headless clause", "metaphor"])
def test_texts_for_operators_and_integrators_are_plain_sentences(rule):
    texts = [*command_texts(), *api_texts(description())]

    assert {place: text for place, text in texts if rule.search(text)} == {}


def names_of_tests() -> Iterator[tuple[str, str]]:
    """Yield the name of every test as words, and its place."""
    for path in sorted((settings.BASE_DIR / "tests").rglob("test_*.py")):
        for name, line in names_of(path):
            if name.startswith("test_"):
                words = name.removeprefix("test_").replace("_", " ")
                yield f"{path.relative_to(settings.BASE_DIR)}:{line}", words


@pytest.mark.parametrize("rule", [HEADLESS, METAPHORS], ids=["headless clause", "metaphor"])
def test_names_of_tests_use_standard_terms(rule):
    assert {place: words for place, words in names_of_tests() if rule.search(words)} == {}


# Names that hide the meaning of a value.
VAGUE = re.compile("_?(?:asked|door|meant|said|stands|standing|theirs|told|wanted|wish)")


def names_of(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the names that a module defines, with their lines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno


def test_names_say_what_a_value_is():
    vague = [
        f"{path.relative_to(settings.BASE_DIR)}:{line} {name}"
        for package in ("badges", "badgeadmin")
        for path in sorted((settings.BASE_DIR / package).rglob("*.py"))
        for name, line in names_of(path)
        if VAGUE.fullmatch(name)
    ]

    assert vague == []
