"""Every section of badges/CONTRACT.md that the code cites exists."""

import re
from pathlib import Path

import pytest
from django.conf import settings

CITATION = re.compile(r"CONTRACT\.md, ((?:\d+(?:\.\d+)*)(?:(?:,| and| to) \d+(?:\.\d+)*)*)")
HEADING = re.compile(r"^#+ (\d+(?:\.\d+)*)\.? ", re.MULTILINE)
DECISION = re.compile(r"^(\d+)\. ", re.MULTILINE)
CONTRACT = Path(settings.BASE_DIR) / "badges" / "CONTRACT.md"
SOURCES = sorted((Path(settings.BASE_DIR) / "badges").rglob("*.py"))


def sections() -> set[str]:
    text = CONTRACT.read_text()
    decisions = text.partition("## 5. Decisions")[2].partition("\n## ")[0]
    return {*HEADING.findall(text), *(f"5.{number}" for number in DECISION.findall(decisions))}


def cited(path: Path) -> set[str]:
    text = re.sub(r"\s*\n\s*#?\s*", " ", path.read_text())
    return {number for found in CITATION.findall(text) for number in re.findall(r"[\d.]+", found)}


def test_the_contract_has_sections_and_decisions():
    assert {"1.3", "2.1", "2.9.1", "3", "4.5", "5.1", "5.21", "7"} <= sections()


def test_the_code_cites_the_contract():
    assert sum(bool(cited(path)) for path in SOURCES) > 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CONTRACT.parent)))
def test_every_cited_section_exists(path):
    assert cited(path) <= sections()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CONTRACT.parent)))
def test_every_cited_document_is_in_the_repository(path):
    assert not re.search(r"\(?(?:contract|design), (?:section )?\d", path.read_text(), re.I)
