"""The table of layers in the docstring of the package names every module, with its size."""

import re
from pathlib import Path

from badges.services import earning

ROOT = Path(earning.__file__).parent
TOLERANCE = 15  # lines


def test_the_table_of_layers_is_complete():
    stated = {
        name: int(lines)
        for name, lines in re.findall(r"^(\w+) .*? {2}(\d+)$", earning.__doc__, re.MULTILINE)
    }
    lines = {path.stem: len(path.read_text().splitlines()) for path in ROOT.glob("[a-z]*.py")}
    assert stated.keys() == lines.keys()
    assert [name for name in lines if abs(lines[name] - stated[name]) > TOLERANCE] == []
