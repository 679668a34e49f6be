"""The project: dependencies, migrations, system checks, and mistakes that can be found in files."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
LOCKS = ["requirements.lock", "requirements-dev.lock"]


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize("word", ["://", "index-url", "file:", "--find-links", " @ "])
def test_a_lock_file_names_no_index(name, word):
    assert word not in (ROOT / name).read_text()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_pins_and_hashes_every_requirement(name):
    lines = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    requirements = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    pinned = re.compile(r"[\w.\[\]-]+==\S+( ;[^-]*)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert requirements
    assert [line for line in requirements if not pinned.fullmatch(line)] == []


def test_runtime_pins_are_the_same_for_tests():
    runs, tests = (dict(re.findall(r"^(\S+)==(\S+)", text, re.M)) for text in lock_texts())
    assert runs.items() <= tests.items()


def lock_texts():
    return [(ROOT / name).read_text() for name in LOCKS]


@pytest.mark.django_db
def test_the_models_have_no_change_without_a_migration():
    call_command("makemigrations", "badges", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_the_system_checks_pass():
    call_command("check", fail_level="WARNING", databases=["default"])


def tracked_files():
    """Return the files under version control."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    command = [git, "-C", str(ROOT), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - our words only
    if listed.returncode != 0:
        pytest.skip("git does not list this checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_has_an_absolute_path_of_a_machine():
    places = ["/" + "tmp/"]
    if len(ROOT.parts) > 2:  # "/app/" or "/src/" may have another meaning
        places.append(f"{ROOT}/")
    names = [place.encode() for place in places]
    mentions = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.is_file() and any(name in path.read_bytes() for name in names)
    ]
    assert mentions == []


def conditions_bound_by(source: str) -> list[str]:
    """Return the assignment expressions that bind a comparison together with another value.

    `if name := value or number > 1` lacks parentheses around `name := value`.
    """
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.NamedExpr)
        and isinstance(node.value, ast.BoolOp)
        and any(isinstance(part, ast.Compare | ast.BoolOp) for part in node.value.values)
    ]


def test_no_assignment_expression_binds_the_rest_of_a_condition():
    assert conditions_bound_by("if found := first() or count > 1: pass")
    assert not conditions_bound_by("if (found := first()) or count > 1: pass")
    sources = [path for path in tracked_files() if path.suffix == ".py" and path.is_file()]
    assert {
        path.name: found for path in sources if (found := conditions_bound_by(path.read_text()))
    } == {}
