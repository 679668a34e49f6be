"""The documents are correct: links, paths, commands, variables, tables and pictures."""

import re
import tomllib
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.urls import resolve
from PIL import Image
from prometheus_client import REGISTRY

from badges import metrics
from badges.errors import error_table
from badges.roles import ROLES
from tests.bench.__main__ import WORKS
from tests.faults.faults import FAULTS

ROOT = Path(settings.BASE_DIR)
FOLDERS = (".github", "badgeadmin", "badges", "templates", "tests")
PICTURES = ROOT / "tests/browser/pictures"
MAX_README_LINES = 260
MAX_PICTURE_BYTES = 100_000

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, FOLDERS))}|\.ci)/[\w./-]*")
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
IDENTIFIER = re.compile(r"[A-Za-z_]\w+")
PAGE = re.compile(r"/(?:admin|api|desk|healthz|metrics|o)\b[\w/-]*")
MODULE = re.compile(r"python -m ([\w.]+)")
COMMAND = re.compile(r"manage\.py (\w+)([^`|#\n&]*)")
OPTION = re.compile(r"--[a-z][\w-]*")
ASSIGNMENT = re.compile(r"\b([A-Z][A-Z0-9_]+)=")
# Variables of the shell examples, and of other programs.
OTHER_VARIABLES = {"ADDRESS", "API", "BADGE_ID", "CI", "EARNED_ID", "RUN", "TOKEN"}
# Signals, and settings of other programs.
OTHER_WORDS = {"HUP", "TERM", "TMPDIR", "synchronous_standby_names"}
OTHER_OPTIONS = {"--universal"}
METRICS = "badgeadmin_"


def documents() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md")]
    return [ROOT / "README.md", *sorted(path for path in found if "node_modules" not in path.parts)]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def table_of(name: str, heading: str) -> list[str]:
    """Return the first cells of the tables below a heading, without their markup."""
    section = text_of(name).partition(f"\n{heading}\n")[2]
    section = re.split(r"\n#{2,4} ", section)[0]
    return re.findall(r"^\| (.*?) \|", section, re.MULTILINE)


def codes_of(cells: list[str]) -> set[str]:
    return {code for cell in cells for code in CODE.findall(cell)}


def anchors_of(path: Path) -> set[str]:
    """Return the anchors that GitHub creates for the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def source() -> str:
    """Return the code and its configuration, without this module."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    files += [ROOT / name for name in (".ci/run", "pyproject.toml", "manage.py")]
    files += (ROOT / "tests").glob("*.sh")
    return "\n".join(path.read_text() for path in files if path != Path(__file__))


@cache
def words_of_the_source() -> set[str]:
    return set(IDENTIFIER.findall(source()))


def variables_of_the_settings() -> set[str]:
    return set(re.findall(r'env(?:\.\w+)?\(\s*"(\w+)"', text_of("badgeadmin/settings.py")))


each_document = pytest.mark.parametrize("path", documents(), ids=name_of)


class TestEveryDocument:
    @each_document
    def test_in_every_document_links_lead_to_files_and_headings(self, path):
        for target in LINK.findall(path.read_text()):
            if "://" in target:
                continue
            file, _hash, anchor = target.partition("#")
            linked = (path.parent / file).resolve() if file else path
            assert linked.exists(), target
            assert not anchor or anchor in anchors_of(linked), target

    @each_document
    def test_in_every_document_named_paths_exist(self, path):
        named = {found.rstrip(".") for found in PATH.findall(path.read_text())}
        missing = {name for name in named if not (ROOT / name).exists()}
        assert not missing

    @each_document
    def test_in_every_document_named_modules_exist(self, path):
        missing = {name for name in MODULE.findall(path.read_text()) if find_spec(name) is None}
        assert not missing

    @each_document
    def test_in_every_document_named_commands_and_their_options_exist(self, path):
        for name, arguments in COMMAND.findall(path.read_text()):
            app = get_commands()[name]
            parser = load_command_class(app, name).create_parser("manage.py", name)
            assert set(OPTION.findall(arguments)) <= set(parser._option_string_actions), name

    @each_document
    def test_in_every_document_named_options_are_in_the_source(self, path):
        named = {
            found[0] for code in CODE.findall(path.read_text()) if (found := OPTION.match(code))
        }
        missing = {option for option in named - OTHER_OPTIONS if f'"{option}"' not in source()}
        assert not missing

    @each_document
    def test_in_every_document_named_pages_exist(self, path):
        for code in CODE.findall(path.read_text()):
            if PAGE.fullmatch(code):
                assert resolve(code)

    @each_document
    def test_in_every_document_named_identifiers_are_in_the_source(self, path):
        named = {code for code in CODE.findall(path.read_text()) if IDENTIFIER.fullmatch(code)}
        unknown = named - words_of_the_source() - OTHER_WORDS
        assert not {word for word in unknown if not word.startswith(METRICS)}

    @each_document
    def test_in_every_document_variables_that_are_set_are_read_somewhere(self, path):
        named = set(ASSIGNMENT.findall(path.read_text()))
        unknown = named - words_of_the_source() - OTHER_VARIABLES
        assert not unknown

    @each_document
    def test_every_document_is_linked_from_the_readme(self, path):
        linked = {(ROOT / target).resolve() for target in LINK.findall(text_of("README.md"))}
        assert path in {ROOT / "README.md", *linked}


class TestReadme:
    def test_readme_is_short(self):
        assert len(text_of("README.md").splitlines()) <= MAX_README_LINES

    def test_the_map_of_the_readme_has_every_module_and_folder(self):
        on_map = {code.rstrip("/") for code in codes_of(table_of("README.md", "## Map"))}
        packages = [*(ROOT / "badges").iterdir(), *(ROOT / "badgeadmin").iterdir()]
        modules = {
            name_of(path)
            for path in [*packages, *(path for path in (ROOT / "tests").iterdir() if path.is_dir())]
            if path.name not in ("__init__.py", "__pycache__", "README.md")
        }
        missing = modules - on_map
        assert not missing

    def test_the_pictures_of_the_readme_are_small_and_shown(self):
        pictures = {name_of(path) for path in PICTURES.iterdir()}
        assert pictures == {link for link in LINK.findall(text_of("README.md")) if "pict" in link}
        for name in pictures:
            assert (ROOT / name).stat().st_size < MAX_PICTURE_BYTES
            with Image.open(ROOT / name) as picture:
                assert picture.format == "WEBP"

    def test_the_roles_of_the_readme_are_those_of_the_code(self):
        cells = table_of("README.md", "### Roles")
        assert {cell.partition(" (")[0] for cell in cells} - {"role", "---"} == set(ROLES)


class TestApi:
    def test_the_error_table_is_the_one_of_the_code(self):
        shown = text_of("badges/api/README.md").partition("<!-- python manage.py error_table -->\n")
        assert shown[2].partition("\n<!-- end of error_table -->")[0] == error_table()


class TestOperations:
    def test_the_documented_settings_are_those_of_the_code(self):
        named = codes_of(table_of("badgeadmin/README.md", "## Settings"))
        assert {"SECRET_KEY", "DATABASE_URL"} <= named
        assert named == variables_of_the_settings()

    def test_the_documented_settings_are_in_the_example_file(self):
        example = re.findall(r"^(?:# )?([A-Z_]+)=", text_of(".env.example"), re.MULTILINE)
        assert set(example) == variables_of_the_settings()

    def test_every_command_is_documented(self):
        own = {name for name, app in get_commands().items() if app == "badges"}
        text = "\n".join(path.read_text() for path in documents())
        described = {word for code in CODE.findall(text) for word in code.split()}
        described |= {name for name, _arguments in COMMAND.findall(text)}
        assert own <= described

    @pytest.mark.django_db
    def test_the_documented_metrics_are_those_of_the_code(self):
        for module in ("badgeadmin.telemetry", "badgeadmin.server.front"):
            import_module(module)
        families = [*REGISTRY.collect(), *metrics.Chores().collect()]
        names = {
            f"{family.name}_total" if family.type == "counter" else family.name
            for family in families
            if family.name.startswith(METRICS)
        }
        assert codes_of(table_of("badgeadmin/README.md", "## Monitoring")) == names


class TestHarnesses:
    def test_every_measurement_is_documented(self):
        described = re.findall(r"`python -m tests\.bench (\w+)", text_of("tests/bench/README.md"))
        assert set(described) == set(WORKS)

    def test_documented_results_are_those_of_existing_faults(self):
        cells = table_of("tests/faults/README.md", "## Results")
        shown = {cell.partition(", ")[0] for cell in cells} - {"fault", "---"}
        assert shown <= {fault.name.partition(", ")[0] for fault in FAULTS}


def test_the_changelog_begins_with_the_version():
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert re.search(r"^## (\S+)", text_of(".github/CHANGELOG.md"), re.MULTILINE)[1] == version
