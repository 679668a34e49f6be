"""The German catalogue has every text of the source, and its compiled file is up to date."""

import gettext
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.conftest import need

ROOT = Path(settings.BASE_DIR)
MESSAGES = Path("badges/locale/de/LC_MESSAGES")
CATALOGUE, COMPILED = MESSAGES / "django.po", MESSAGES / "django.mo"
SOURCES = ["badgeadmin", "badges", "templates"]


def tool(name, *arguments):
    """Return the output of a tool of gettext. Fail if the tool fails."""
    need(shutil.which(name) is not None, f"{name} of gettext is not installed")
    command = [name, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - our words


def compiled(path):
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)._catalog


@pytest.fixture(scope="module")
def brought_up_to_date(tmp_path_factory):
    """Run the command `catalogue` on a copy of the source. Return the updated catalogue."""
    need(shutil.which("xgettext") is not None, "xgettext of gettext is not installed")
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "manage.py", copy)
    settings_of_the_copy = {
        "DJANGO_SETTINGS_MODULE": "badgeadmin.settings",
        "VAR_DIR": str(copy / "var"),
    }
    subprocess.run(
        [sys.executable, "manage.py", "catalogue"],
        cwd=copy,
        env=os.environ | settings_of_the_copy,
        check=True,
    )
    return copy / CATALOGUE


@pytest.mark.parametrize("kind", ["--untranslated", "--only-fuzzy", "--only-obsolete"])
def test_every_text_is_translated(kind):
    assert tool("msgattrib", kind, ROOT / CATALOGUE).decode() == ""


@pytest.mark.parametrize("kind", ["--untranslated", "--only-fuzzy"])
def test_every_text_of_the_source_is_in_the_catalogue(brought_up_to_date, kind):
    assert tool("msgattrib", kind, brought_up_to_date).decode() == ""


def test_every_text_of_the_catalogue_is_in_the_source(brought_up_to_date, tmp_path):
    compiled_anew = tmp_path / "django.mo"
    tool("msgfmt", brought_up_to_date, "-o", compiled_anew)
    assert compiled(ROOT / COMPILED).keys() == compiled(compiled_anew).keys()


def test_the_compiled_catalogue_is_current(tmp_path):
    compiled_anew = tmp_path / "django.mo"
    tool("msgfmt", "--check-format", ROOT / CATALOGUE, "-o", compiled_anew)
    assert compiled(ROOT / COMPILED) == compiled(compiled_anew)


def test_the_catalogue_has_no_date_that_changes_with_every_run():
    assert "-Date:" not in (ROOT / CATALOGUE).read_text()
